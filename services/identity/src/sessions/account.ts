import type { User as Caller } from '@sidecart/chassis/auth';
import { DomainError } from '@sidecart/chassis/errors';
import type { Docs, Key } from '@sidecart/chassis/state';
import { sameEpoch } from '../accounts/epoch.js';
import type { User } from '../accounts/user.js';
import { account, GONE, userKey } from '../store.js';
import { sessionKey } from './store.js';

/** Whose access token it is: the account, and the session that the token was issued for. */
export type Bearer = Pick<Caller, 'id' | 'sessionId'>;

/** What a route may answer that asks `signedInAccount`, besides 401. */
export const signedInProblems = { ...GONE, 403: 'Your account is suspended.' };

/** What `signedInAccount` reads. */
export const signedInKeys = ({ id, sessionId }: Bearer): Key<unknown>[] => [userKey(id), sessionKey(sessionId)];

/**
 * The caller's account. Every change that a person makes while signed in asks for it, so that a sign-out, a reset or a suspension counts at once,
 * although the access token has not expired. Throws `missing`, `forbidden` for a suspended account, or `unauthenticated` if the session has ended.
 */
export function signedInAccount(docs: Docs, { id, sessionId }: Bearer): Readonly<User> {
  const user = account(docs, id);
  if (user.status !== 'active') throw new DomainError('forbidden', 'account-suspended', 'This account is suspended.');
  const session = docs.get(sessionKey(sessionId));
  if (session?.userId !== id || !sameEpoch(session, user)) throw sessionEnded();
  return user;
}

export const sessionEnded = () => new DomainError('unauthenticated', 'session-ended', 'This session has ended. Sign in again.');
