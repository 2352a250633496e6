import { DomainError } from '@sidecart/chassis/errors';
import { put, type Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { changeLinks, linksKey, linksOf, type LinkChange, type NamedLink } from '../accounts/links.js';
import { userKey } from '../accounts/store.js';
import { requireVerified, type User } from '../accounts/user.js';
import { Email } from '../accounts/values.js';
import type { Client } from '../client.js';
import { takeBackFailure } from '../limits/failures.js';
import { signedInAccount, signedInKeys } from '../sessions/caller.js';
import type { Credentials, StepUp } from '../sign-in/step-up.js';
import { newAttempt, type Attempt, type NewAttempt } from './attempt.js';
import type { Identified, Provider } from './provider.js';
import { identityKey, startAttempt, startedFrom } from './store.js';

export type Linking = ReturnType<typeof createLinking>;

/** Links and unlinks identities at providers, on request of the account's owner. */
export function createLinking({ store, stepUp }: { store: Store; stepUp: StepUp }) {
  /**
   * Returns the address to send the browser to. Throws `forbidden` if the account's email address
   * is not verified.
   */
  async function start(provider: Provider, credentials: Credentials, fields: Pick<NewAttempt, 'browser' | 'back'>): Promise<string> {
    const { caller, from } = credentials;
    const purpose = { provider: provider.name, linkTo: caller.id, sessionId: caller.sessionId };
    const { state, attempt } = newAttempt({ ...fields, ...purpose }, new Date());
    const confirmed = await stepUp(credentials);
    const url = await provider.authorizationUrl(state, attempt); // first, so that no code is used up while the provider is away
    return confirmed([startedFrom(from)], (docs, { user }, now) => {
      requireVerified(user);
      return { write: startAttempt(docs, state, attempt, from, now), result: url };
    });
  }

  /**
   * Links the identity that the provider returned. Throws `unauthenticated` if the session that
   * asked for it has ended, and `conflict` if another account has the identity.
   */
  async function complete({ name, issuer }: Provider, attempt: Attempt, identified: Identified, from: Client): Promise<void> {
    const caller = { id: attempt.linkTo ?? '', sessionId: attempt.sessionId ?? '' };
    const identity = identityKey(issuer, identified.subject);
    const email = Email.safeParse(identified.email).data ?? null;
    const started = startedFrom(from);
    await store.transact([identity, started, linksKey(caller.id), ...signedInKeys(caller)], (docs, now) => {
      const user = signedInAccount(docs, caller);
      requireVerified(user);
      const holder = docs.get(identity);
      if (holder !== undefined && holder !== user.id) throw linkedElsewhere();
      const added = { provider: name, identity, email, linkedAt: now.toISOString() };
      const { write, events } = holder === undefined ? link(docs, user, added) : { write: [], events: [] };
      return { write: [takeBackFailure(docs, started, now), ...write], events, result: undefined };
    });
  }

  /**
   * Removes the link with a provider, if any. Throws `conflict` if nobody could sign in to the
   * account any more.
   */
  async function unlink(credentials: Credentials, provider: string): Promise<void> {
    const confirmed = await stepUp(credentials);
    await confirmed([linksKey(credentials.caller.id)], (docs, { user }) => {
      const links = linksOf(docs.get(linksKey(user.id)));
      const removed = links.filter((link) => link.provider === provider);
      if (removed.length === 0) return { result: undefined };
      if (user.passwordHash === undefined && links.length === 1) throw onlySignInMethod();
      return { ...changeAccount(docs, user, removed), result: undefined };
    });
  }

  return { start, complete, unlink };
}

/** Adds a link in place of the account's link with the same provider, if any. */
export function link(docs: Docs, user: User, added: NamedLink): LinkChange {
  const removed = linksOf(docs.get(linksKey(user.id))).filter(({ provider }) => provider === added.provider);
  return changeAccount(docs, user, removed, added);
}

function changeAccount(docs: Docs, before: User, removed: readonly NamedLink[], added?: NamedLink): LinkChange {
  const user = { ...before, version: before.version + 1 };
  const { write, events } = changeLinks(docs, user, removed, added);
  return { write: [put(userKey(user.id), user), ...write], events };
}

const linkedElsewhere = () => new DomainError('conflict', 'linked-elsewhere', 'This identity is linked to another account.');

const onlySignInMethod = () =>
  new DomainError('conflict', 'only-sign-in-method', 'You have no other way to sign in. Set a password first, with a password reset.');
