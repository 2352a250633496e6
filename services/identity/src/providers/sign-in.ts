import { randomUUID } from 'node:crypto';
import { DomainError, found } from '@sidecart/chassis/errors';
import { put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { UserRegistered } from '@sidecart/contracts/identity';
import { register, type User } from '../accounts/user.js';
import { Email, Name } from '../fields.js';
import { network, type Client } from '../client.js';
import { settle } from '../settle.js';
import { make, signInKeys, type Entered, type From, type SignIn, type SignInReply } from '../sign-in/sign-in.js';
import { newUser, ownerKey, userKey } from '../store.js';
import { putBack, putFailed, refusal, triesKey } from '../throttle/tries.js';
import { accountOf } from './account.js';
import { ATTEMPT_SECONDS, inSeconds, isOver, secret, sha256, TICKET_SECONDS, type Attempt } from './attempt.js';
import { failed, type Identified, type Provider } from './provider.js';
import { withQuery } from './return-to.js';
import { attemptKey, identityKey, linksKey, ticketKey } from './store.js';

/** How a sign-in ends that has come back from the provider. */
export type Ended = { redirect: string } | { signIn: SignInReply } | { linked: string };

/** Who begins a sign-in, and how it is to end. */
export interface Start extends Pick<Attempt, 'back' | 'linkTo'> {
  browser: string;
  from: Client;
}

export interface ProviderSignInOptions {
  store: Store;
  signIn: SignIn;
}

export function createProviderSignIn({ store, signIn }: ProviderSignInOptions) {
  /** The document, for whoever asks first. */
  async function take<T extends { expiresAt: string }>(key: Key<T>, now: Date): Promise<Readonly<T> | undefined> {
    const taken = await store.transact([key], (docs) => {
      const doc = docs.get(key);
      return { write: doc ? [remove(key)] : [], result: doc };
    });
    return taken && !isOver(taken, now) ? taken : undefined;
  }

  /** Answers where the browser is to go. `browser` is its cookie. Throws `limited` where many were begun from this place and did not end. */
  async function start(provider: Provider, { browser, from, back, linkTo }: Start): Promise<string> {
    const now = new Date();
    const begun = begunFrom(from);
    const state = secret();
    const attempt: Attempt = {
      provider: provider.name,
      nonce: secret(),
      verifier: secret(),
      browserHash: sha256(browser),
      back,
      linkTo,
      expiresAt: inSeconds(ATTEMPT_SECONDS, now),
    };
    await settle(store, [begun], (docs) => {
      const refused = refusal(docs, [begun], now);
      if (refused) return { result: refused };
      const kept = put(attemptKey(sha256(state)), attempt, ATTEMPT_SECONDS);
      return { write: [kept, putFailed(docs, 'begun', begun, now)], result: undefined };
    });
    return provider.authorizationUrl(state, attempt);
  }

  /** `query` is what the provider sent the browser back with. */
  async function end(provider: Provider, browser: string, query: URLSearchParams, from: Client): Promise<Ended> {
    const state = query.get('state') ?? '';
    const attempt = await take(attemptKey(sha256(state)), new Date());
    if (!attempt || attempt.provider !== provider.name || attempt.browserHash !== sha256(browser)) throw failed();
    try {
      return await save(provider, attempt, await provider.identify(query.toString(), state, attempt), from);
    } catch (error) {
      if (!attempt.back || !(error instanceof DomainError)) throw error;
      return { redirect: withQuery(attempt.back.address, 'error', error.slug) };
    }
  }

  async function save({ name, issuer }: Provider, { back, linkTo }: Attempt, identified: Identified, from: Client): Promise<Ended> {
    const made = make();
    const { now } = made;
    const identity = identityKey(issuer, identified.subject);
    const newcomer = asUser(identified, now);
    const owned = newcomer ? [ownerKey(newcomer.emailKey)] : [];
    const code = secret();
    const begun = begunFrom(from);
    const entered = await settle<Entered | undefined>(store, [identity, begun, ...owned], (docs) => {
      const known = knownTo(docs, [docs.get(identity), linkTo ?? undefined, ...owned.map((key) => docs.get(key))]);
      const account = accountOf({ ...identified, email: newcomer?.email }, known);
      const user = account === 'new' ? found(newcomer, 'The address') : account;
      const ticket = back && { userId: user.id, challenge: back.challenge, expiresAt: inSeconds(TICKET_SECONDS, now) };
      const {
        write: writes = [],
        events: signedIn = [],
        result,
      } = linkTo === null && !ticket ? signIn.firstFactor(docs, user, { ...from, cartSession: null }, made) : { result: undefined };
      if (result instanceof DomainError) return { write: writes, result };
      const write: Write[] = [
        putBack(docs, begun, now),
        ...(account === 'new' ? newUser(docs, user) : []),
        ...(known.linked?.id === user.id ? [] : linking(docs, user, name, identity)),
        ...(linkTo === null && ticket ? [put(ticketKey(sha256(code)), ticket, TICKET_SECONDS)] : []),
        ...writes,
      ];
      return { write, events: [...(account === 'new' ? [registered(user)] : []), ...signedIn], result };
    });
    if (linkTo !== null) return back ? { redirect: withQuery(back.address, 'linked', name) } : { linked: name };
    if (back) return { redirect: withQuery(back.address, 'code', code) };
    return { signIn: signIn.answer(found(entered, 'The sign-in')) };
  }

  /** Gives the tokens of a sign-in that went back to the client. A code is taken at the first try, right or wrong. */
  async function exchange(code: string, verifier: string, from: From): Promise<SignInReply> {
    const made = make();
    const ticket = await take(ticketKey(sha256(code)), made.now);
    if (!ticket || ticket.challenge !== sha256(verifier)) throw failed();
    const { userId } = ticket;
    const entered = await settle(store, [userKey(userId), ...signInKeys(userId)], (docs) =>
      signIn.firstFactor(docs, found(docs.get(userKey(userId)), 'The account'), from, made),
    );
    return signIn.answer(entered);
  }

  /** Ends the link of an account with a provider, if there is one. */
  async function unlink(userId: string, provider: string): Promise<void> {
    await store.transact([linksKey(userId)], (docs) => {
      const links = docs.get(linksKey(userId)) ?? {};
      const identity = linkedTo(links, provider);
      const { [provider]: _ended, ...others } = links;
      return { write: identity === undefined ? [] : [remove(identity), put(linksKey(userId), others)], result: undefined };
    });
  }

  return { start, end, exchange, unlink };
}

const begunFrom = ({ address }: Client) => triesKey('begun', network(address));

function knownTo(docs: Docs, ids: (string | undefined)[]) {
  const [linked, linkTo, owner] = docs.all(ids.map((id) => userKey(id ?? 'nobody')));
  return { linked, linkTo, owner };
}

/** The identity linked with the provider, if any. A name such as `constructor` is no link just because every object has it. */
const linkedTo = (links: Readonly<Record<string, Key<string>>>, provider: string): Key<string> | undefined =>
  Object.hasOwn(links, provider) ? links[provider] : undefined;

/** One identity per account and provider: an earlier one goes. */
function linking(docs: Docs, { id }: User, provider: string, identity: Key<string>): Write[] {
  const links = docs.get(linksKey(id)) ?? {};
  const earlier = linkedTo(links, provider);
  return [...(earlier === undefined ? [] : [remove(earlier)]), put(identity, id), put(linksKey(id), { ...links, [provider]: identity })];
}

/** The account that would be made, if the provider gave an address that can be one. It has no password until it is reset. */
function asUser({ email: given, name }: Identified, at: Date): User | undefined {
  const email = Email.safeParse(given).data;
  if (email === undefined) return undefined;
  const called = Name.safeParse(name).data ?? Name.safeParse(email.split('@')[0]).data ?? email;
  return register({ id: randomUUID(), email, name: called, role: 'customer', locale: 'en', passwordHash: undefined, verified: true }, at);
}

const registered = ({ id: userId, version, email, name, locale }: User) => UserRegistered(userId, version, { userId, email, name, locale });
