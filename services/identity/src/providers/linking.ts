import { DomainError } from '@sidecart/chassis/errors';
import { put, type Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { mustBeProved, type User } from '../accounts/user.js';
import type { Client } from '../client.js';
import { Email } from '../fields.js';
import { signedInAccount, signedInKeys } from '../sessions/account.js';
import type { Shown, StepUp } from '../sign-in/step-up.js';
import { userKey } from '../store.js';
import { putBack } from '../throttle/tries.js';
import { newAttempt, type Attempt, type Beginning } from './attempt.js';
import { linksOf, relink, type NamedLink, type Relinked } from './link.js';
import type { Identified, Provider } from './provider.js';
import { beginning, begunFrom, identityKey, linksKey } from './store.js';

export type Linking = ReturnType<typeof createLinking>;

/** Links an account with identities at providers, as its owner asks for. */
export function createLinking({ store, stepUp }: { store: Store; stepUp: StepUp }) {
  /** Returns the address that the browser goes to. Throws `forbidden` if the account's own address is not proved. */
  async function begin(provider: Provider, shown: Shown, about: Pick<Beginning, 'browser' | 'back'>): Promise<string> {
    const { caller, from } = shown;
    const now = new Date();
    const { state, attempt } = newAttempt({ ...about, provider: provider.name, linkTo: caller.id, sessionId: caller.sessionId }, now);
    const confirmed = await stepUp(shown);
    const url = await provider.authorizationUrl(state, attempt); // first, so that no code is spent while the provider is away
    return confirmed([begunFrom(from)], (docs, { user }) => {
      mustBeProved(user);
      return { write: beginning(docs, state, attempt, from, now), result: url };
    });
  }

  /** Links the identity that came back. Throws unless the session that asked for it is still there, and `conflict` if another account has it. */
  async function finish({ name, issuer }: Provider, attempt: Attempt, identified: Identified, from: Client): Promise<void> {
    const now = new Date();
    const caller = { id: attempt.linkTo ?? '', sessionId: attempt.sessionId ?? '' };
    const identity = identityKey(issuer, identified.subject);
    const email = Email.safeParse(identified.email).data ?? null;
    const made = { provider: name, identity, email, linkedAt: now.toISOString() };
    const [begun, links] = [begunFrom(from), linksKey(caller.id)];
    await store.transact([identity, begun, links, ...signedInKeys(caller)], (docs) => {
      const user = signedInAccount(docs, caller);
      mustBeProved(user);
      const holder = docs.get(identity);
      if (holder !== undefined && holder !== user.id) throw linkedElsewhere();
      const { write, events } = holder === undefined ? link(docs, user, made) : { write: [], events: [] };
      return { write: [putBack(docs, begun, now), ...write], events, result: undefined };
    });
  }

  /** Ends the link with a provider, if there is one. Throws `conflict` if the account could not be signed in to any more. */
  async function unlink(shown: Shown, provider: string): Promise<void> {
    const confirmed = await stepUp(shown);
    await confirmed([linksKey(shown.caller.id)], (docs, { user }) => {
      const links = linksOf(docs.get(linksKey(user.id)));
      const ended = links.filter((link) => link.provider === provider);
      if (ended.length === 0) return { result: undefined };
      if (user.passwordHash === undefined && links.length === 1) throw onlySignInMethod();
      return { ...changeLinks(docs, user, ended), result: undefined };
    });
  }

  return { begin, finish, unlink };
}

/** Links an identity in place of the one that the account has at that provider, if any. */
export const link = (docs: Docs, user: User, made: NamedLink): Relinked =>
  changeLinks(
    docs,
    user,
    linksOf(docs.get(linksKey(user.id))).filter(({ provider }) => provider === made.provider),
    made,
  );

function changeLinks(docs: Docs, before: User, ended: readonly NamedLink[], made?: NamedLink): Relinked {
  const user = { ...before, version: before.version + 1 };
  const { write, events } = relink(docs, user, ended, made);
  return { write: [put(userKey(user.id), user), ...write], events };
}

const linkedElsewhere = () => new DomainError('conflict', 'linked-elsewhere', 'Another account signs in with this identity.');

const onlySignInMethod = () =>
  new DomainError('conflict', 'only-sign-in-method', 'You have no other way to sign in. Set a password first, by resetting it.');
