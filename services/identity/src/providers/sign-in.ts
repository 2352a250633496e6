import { randomUUID } from 'node:crypto';
import { DomainError, found } from '@sidecart/chassis/errors';
import { put, remove, type Change, type Docs, type Key } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { UserRegistered } from '@sidecart/contracts/identity';
import { epochOf, sameEpoch } from '../accounts/epoch.js';
import { changeLinks, linksKey, linksOf, type NamedLink } from '../accounts/links.js';
import { newUser, ownerKey, userKey } from '../accounts/store.js';
import { owner, register, type User } from '../accounts/user.js';
import { Email, Name } from '../accounts/values.js';
import type { Client } from '../client.js';
import { takeBackFailure } from '../limits/failures.js';
import { prepare, signInKeys, type From, type Outcome, type SignIn, type Reply } from '../sign-in/sign-in.js';
import { transactOrRefuse } from '../transact-or-refuse.js';
import { accountOf } from './account.js';
import { hasExpired, inSeconds, newAttempt, secret, sha256, TICKET_SECONDS, type Attempt, type NewAttempt } from './attempt.js';
import { link, type Linking } from './linking.js';
import { signInFailed, type Identified, type Provider } from './provider.js';
import { withQuery } from './return-to.js';
import { attemptKey, identityKey, startAttempt, startedFrom, ticketKey } from './store.js';

/** What to answer when the browser returns from the provider. */
export type Completion = { redirect: string } | { signIn: Reply } | { linked: string };

export interface ProviderSignInOptions {
  store: Store;
  signIn: SignIn;
  linking: Linking;
}

export function createProviderSignIn({ store, signIn, linking }: ProviderSignInOptions) {
  /** Returns the document and deletes it, so that it is used once. */
  async function take<T extends { expiresAt: string }>(stored: Key<T>): Promise<Readonly<T> | undefined> {
    return store.transact([stored], (docs, now) => {
      const doc = docs.get(stored);
      return { write: doc ? [remove(stored)] : [], result: doc && !hasExpired(doc, now) ? doc : undefined };
    });
  }

  /**
   * Returns the address to send the browser to. Throws `limited` if too many sign-ins were started
   * from this place and not completed.
   */
  async function start(provider: Provider, fields: Pick<NewAttempt, 'browser' | 'back'>, from: Client): Promise<string> {
    const { state, attempt } = newAttempt({ ...fields, provider: provider.name, linkTo: null }, new Date());
    await store.transact([startedFrom(from)], (docs, now) => ({ write: startAttempt(docs, state, attempt, from, now), result: undefined }));
    return provider.authorizationUrl(state, attempt);
  }

  /** Completes a sign-in or a link. `query` is what the provider sent the browser back with. */
  async function complete(provider: Provider, browser: string, query: URLSearchParams, from: Client): Promise<Completion> {
    const state = query.get('state') ?? '';
    const attempt = await take(attemptKey(sha256(state)));
    if (!attempt || attempt.provider !== provider.name || attempt.browserHash !== sha256(browser)) throw signInFailed();
    const { back, linkTo } = attempt;
    try {
      const identified = await provider.identify(query.toString(), state, attempt);
      if (linkTo === null) return await completeSignIn(provider, attempt, identified, from);
      await linking.complete(provider, attempt, identified, from);
      return back ? { redirect: withQuery(back.address, 'linked', provider.name) } : { linked: provider.name };
    } catch (error) {
      if (!back || !(error instanceof DomainError)) throw error;
      return { redirect: withQuery(back.address, 'error', error.slug) };
    }
  }

  /** Signs in, or issues a code with which the client fetches the tokens. */
  async function completeSignIn(provider: Provider, { back }: Attempt, identified: Identified, from: Client): Promise<Completion> {
    const prepared = prepare();
    const { now } = prepared;
    const newcomer = newAccount(identified, now);
    const [started, code] = [startedFrom(from), secret()];
    const read = [identityKey(provider.issuer, identified.subject), started, ...(newcomer ? [ownerKey(newcomer.emailKey)] : [])];
    const outcome = await transactOrRefuse<Outcome | undefined>(store, read, (docs) => {
      const { user, ...changes } = resolveAccount(docs, provider, identified, newcomer, now);
      const next = back
        ? issueTicket(user, back.challenge, code, now)
        : signIn.afterFirstFactor(docs, user, { ...from, cartSession: null }, prepared);
      if (next.result instanceof DomainError) return next;
      return {
        write: [takeBackFailure(docs, started, now), ...changes.write, ...(next.write ?? [])],
        events: [...changes.events, ...(next.events ?? [])],
        result: next.result,
      };
    });
    return back ? { redirect: withQuery(back.address, 'code', code) } : { signIn: signIn.reply(found(outcome, 'The sign-in')) };
  }

  /**
   * Returns the tokens for a code. A code is used up by the first attempt, whether the verifier is
   * right or wrong.
   */
  async function exchange(code: string, verifier: string, from: From): Promise<Reply> {
    const prepared = prepare();
    const ticket = await take(ticketKey(sha256(code)));
    if (!ticket || ticket.challenge !== sha256(verifier)) throw signInFailed();
    const { userId } = ticket;
    const outcome = await transactOrRefuse(store, [userKey(userId), ...signInKeys(userId)], (docs) => {
      const user = found(docs.get(userKey(userId)), 'The account');
      return sameEpoch(ticket, user) ? signIn.afterFirstFactor(docs, user, from, prepared) : { result: signInFailed() };
    });
    return signIn.reply(outcome);
  }

  return { start, complete, exchange };
}

/** Returns the account that an identity signs in to, and the changes that create or link it. */
function resolveAccount(docs: Docs, { name, issuer, trustEmail }: Provider, identified: Identified, newcomer: User | undefined, now: Date) {
  const identity = identityKey(issuer, identified.subject);
  const ids = [docs.get(identity), newcomer && docs.get(ownerKey(newcomer.emailKey))];
  const [linked, owner] = docs.all(ids.map((id) => userKey(id ?? 'nobody')));
  const ownerHasOther = owner !== undefined && linksOf(docs.get(linksKey(owner.id))).some(({ provider }) => provider === name);
  const account = accountOf({ ...identified, email: newcomer?.email }, trustEmail, { linked, owner, ownerHasOther });
  const user = account === 'new' ? found(newcomer, 'The email address') : account;
  if (linked) return { user, write: [], events: [] };
  const added: NamedLink = { provider: name, identity, email: newcomer?.email ?? null, linkedAt: now.toISOString() };
  if (account !== 'new') return { user, ...link(docs, user, added) };
  return { user, write: [...newUser(docs, user), ...changeLinks(docs, user, [], added).write], events: [registered(user)] };
}

const issueTicket = (user: User, challenge: string, code: string, now: Date): Change<undefined> => {
  const ticket = { userId: user.id, epoch: epochOf(user), challenge, expiresAt: inSeconds(TICKET_SECONDS, now) };
  return { write: [put(ticketKey(sha256(code)), ticket, TICKET_SECONDS)], result: undefined };
};

/**
 * Returns the account to create for the identity, without a password, or `undefined` if the
 * provider gave no usable email address.
 */
function newAccount({ email: given, name: givenName }: Identified, now: Date): User | undefined {
  const email = Email.safeParse(given).data;
  if (email === undefined) return undefined;
  const name = Name.safeParse(givenName).data ?? Name.safeParse(email.split('@')[0]).data ?? email;
  return register({ id: randomUUID(), email, name, role: 'customer', locale: 'en', passwordHash: undefined, verified: true }, now);
}

const registered = (user: User) => UserRegistered(user.id, user.version, owner(user));
