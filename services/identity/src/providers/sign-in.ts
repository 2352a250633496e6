import { randomUUID } from 'node:crypto';
import { DomainError, found } from '@sidecart/chassis/errors';
import { put, remove, type Change, type Docs, type Key } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { UserRegistered } from '@sidecart/contracts/identity';
import { epochOf, sameEpoch } from '../accounts/epoch.js';
import { owner, register, type User } from '../accounts/user.js';
import { Email, Name } from '../fields.js';
import type { Client } from '../client.js';
import { settle } from '../settle.js';
import { make, signInKeys, type Entered, type From, type Made, type SignIn, type SignInReply } from '../sign-in/sign-in.js';
import { newUser, ownerKey, userKey } from '../store.js';
import { putBack } from '../throttle/tries.js';
import { accountOf } from './account.js';
import { inSeconds, isOver, newAttempt, secret, sha256, TICKET_SECONDS, type Attempt, type Beginning } from './attempt.js';
import { linksOf, relink, type NamedLink } from './link.js';
import { link, type Linking } from './linking.js';
import { failed, type Identified, type Provider } from './provider.js';
import { withQuery } from './return-to.js';
import { attemptKey, beginning, begunFrom, identityKey, linksKey, ticketKey } from './store.js';

/** How a sign-in ends that has come back from the provider. */
export type Ended = { redirect: string } | { signIn: SignInReply } | { linked: string };

export interface ProviderSignInOptions {
  store: Store;
  signIn: SignIn;
  linking: Linking;
}

export function createProviderSignIn({ store, signIn, linking }: ProviderSignInOptions) {
  /** The document, for whoever asks first. */
  async function take<T extends { expiresAt: string }>(key: Key<T>, now: Date): Promise<Readonly<T> | undefined> {
    const taken = await store.transact([key], (docs) => {
      const doc = docs.get(key);
      return { write: doc ? [remove(key)] : [], result: doc };
    });
    return taken && !isOver(taken, now) ? taken : undefined;
  }

  /** Returns the address to send the browser to. Throws `limited` if too many were begun from this place and did not end. */
  async function start(provider: Provider, about: Pick<Beginning, 'browser' | 'back'>, from: Client): Promise<string> {
    const now = new Date();
    const { state, attempt } = newAttempt({ ...about, provider: provider.name, linkTo: null }, now);
    await store.transact([begunFrom(from)], (docs) => ({ write: beginning(docs, state, attempt, from, now), result: undefined }));
    return provider.authorizationUrl(state, attempt);
  }

  /** `query` is what the provider sent the browser back with. */
  async function end(provider: Provider, browser: string, query: URLSearchParams, from: Client): Promise<Ended> {
    const state = query.get('state') ?? '';
    const attempt = await take(attemptKey(sha256(state)), new Date());
    if (!attempt || attempt.provider !== provider.name || attempt.browserHash !== sha256(browser)) throw failed();
    const { back, linkTo } = attempt;
    try {
      const identified = await provider.identify(query.toString(), state, attempt);
      if (linkTo === null) return await enter(provider, attempt, identified, from);
      await linking.finish(provider, attempt, identified, from);
      return back ? { redirect: withQuery(back.address, 'linked', provider.name) } : { linked: provider.name };
    } catch (error) {
      if (!back || !(error instanceof DomainError)) throw error;
      return { redirect: withQuery(back.address, 'error', error.slug) };
    }
  }

  /** Signs in the person who came back, or gives their client a code for the tokens. */
  async function enter(provider: Provider, { back }: Attempt, identified: Identified, from: Client): Promise<Ended> {
    const made = make();
    const { now } = made;
    const newcomer = asUser(identified, now);
    const [begun, code] = [begunFrom(from), secret()];
    const read = [identityKey(provider.issuer, identified.subject), begun, ...(newcomer ? [ownerKey(newcomer.emailKey)] : [])];
    const entered = await settle<Entered | undefined>(store, read, (docs) => {
      const { user, ...whose } = whoseSignIn(docs, provider, identified, newcomer, now);
      const next = back
        ? giveTicket(user, back.challenge, code, now)
        : signIn.firstFactor(docs, user, { ...from, cartSession: null }, made);
      if (next.result instanceof DomainError) return next;
      return {
        write: [putBack(docs, begun, now), ...whose.write, ...(next.write ?? [])],
        events: [...whose.events, ...(next.events ?? [])],
        result: next.result,
      };
    });
    return back ? { redirect: withQuery(back.address, 'code', code) } : { signIn: signIn.answer(found(entered, 'The sign-in')) };
  }

  /** Gives the tokens of a sign-in that went back to the client. A code is taken at the first try, right or wrong. */
  async function exchange(code: string, verifier: string, from: From): Promise<SignInReply> {
    const made: Made = make();
    const ticket = await take(ticketKey(sha256(code)), made.now);
    if (!ticket || ticket.challenge !== sha256(verifier)) throw failed();
    const { userId } = ticket;
    const entered = await settle(store, [userKey(userId), ...signInKeys(userId)], (docs) => {
      const user = found(docs.get(userKey(userId)), 'The account');
      return sameEpoch(ticket, user) ? signIn.firstFactor(docs, user, from, made) : { result: failed() };
    });
    return signIn.answer(entered);
  }

  return { start, end, exchange };
}

/** The account that an identity signs in to, and the changes that make it or link it. */
function whoseSignIn(docs: Docs, { name, issuer, trustEmail }: Provider, identified: Identified, newcomer: User | undefined, now: Date) {
  const identity = identityKey(issuer, identified.subject);
  const ids = [docs.get(identity), newcomer && docs.get(ownerKey(newcomer.emailKey))];
  const [linked, owner] = docs.all(ids.map((id) => userKey(id ?? 'nobody')));
  const ownerHasOther = owner !== undefined && linksOf(docs.get(linksKey(owner.id))).some(({ provider }) => provider === name);
  const account = accountOf({ ...identified, email: newcomer?.email }, trustEmail, { linked, owner, ownerHasOther });
  const user = account === 'new' ? found(newcomer, 'The address') : account;
  if (linked) return { user, write: [], events: [] };
  const made: NamedLink = { provider: name, identity, email: newcomer?.email ?? null, linkedAt: now.toISOString() };
  if (account !== 'new') return { user, ...link(docs, user, made) };
  return { user, write: [...newUser(docs, user), ...relink(docs, user, [], made).write], events: [registered(user)] };
}

const giveTicket = (user: User, challenge: string, code: string, now: Date): Change<undefined> => {
  const ticket = { userId: user.id, epoch: epochOf(user), challenge, expiresAt: inSeconds(TICKET_SECONDS, now) };
  return { write: [put(ticketKey(sha256(code)), ticket, TICKET_SECONDS)], result: undefined };
};

/** The account that would be made, if the provider gave an address that can be one. It has no password until it is reset. */
function asUser({ email: given, name }: Identified, at: Date): User | undefined {
  const email = Email.safeParse(given).data;
  if (email === undefined) return undefined;
  const called = Name.safeParse(name).data ?? Name.safeParse(email.split('@')[0]).data ?? email;
  return register({ id: randomUUID(), email, name: called, role: 'customer', locale: 'en', passwordHash: undefined, verified: true }, at);
}

const registered = (user: User) => UserRegistered(user.id, user.version, owner(user));
