import { DomainError } from '@sidecart/chassis/errors';
import type { Docs, Key } from '@sidecart/chassis/state';
import type { User as Caller } from '@sidecart/contracts/access-token';
import { sameEpoch } from '../accounts/epoch.js';
import { account, deletedProblem, userKey } from '../accounts/store.js';
import type { User } from '../accounts/user.js';
import { sessionKey } from './store.js';

/** The account and the session of an access token. */
export type Bearer = Pick<Caller, 'id' | 'sessionId'>;

/** What a route that calls `signedInAccount` may answer, besides 401. */
export const signedInProblems = { ...deletedProblem, 403: 'Your account is suspended.' };

/** What `signedInAccount` reads. */
export const signedInKeys = ({ id, sessionId }: Bearer): Key<unknown>[] => [userKey(id), sessionKey(sessionId)];

/**
 * Returns the caller's account. Every change by a person who is signed in calls this, so that a
 * sign-out, a reset or a suspension takes effect at once, even if the access token has not expired.
 * Throws `missing`, `forbidden` if the account is suspended, or `unauthenticated` if the session
 * has ended.
 */
export function signedInAccount(docs: Docs, { id, sessionId }: Bearer): Readonly<User> {
  const user = account(docs, id);
  if (user.status !== 'active') throw new DomainError('forbidden', 'account-suspended', 'This account is suspended.');
  const session = docs.get(sessionKey(sessionId));
  if (session?.userId !== id || !sameEpoch(session, user)) throw sessionEnded();
  return user;
}

export const sessionEnded = () => new DomainError('unauthenticated', 'session-ended', 'This session has ended. Sign in again.');
