import { DomainError } from '@sidecart/chassis/errors';
import type { Change, Docs, Key } from '@sidecart/chassis/state';
import { may, type User as Caller } from '@sidecart/contracts/access-token';
import { UserReinstated, UserSuspended } from '@sidecart/contracts/identity';
import { nextEpoch } from '../accounts/epoch.js';
import { account, adminsKey, putMember, userKey } from '../accounts/store.js';
import { changes, noteAct, trailKeys, type Act } from '../accounts/trail.js';
import { owner, rights, updated, type User } from '../accounts/user.js';
import type { Client } from '../client.js';
import { signedInAccount, signedInKeys } from '../sessions/caller.js';
import { endSessions, sessionsKey } from '../sessions/store.js';
import { change, gains, type MemberChange } from './member.js';

/** Who changes another person's account, from where and when. */
export interface Deed {
  caller: Caller;
  from: Client;
  at: Date;
}

/** What `changeMember` reads. */
export const memberKeys = (caller: Caller, userId: string): Key<unknown>[] => [
  ...signedInKeys(caller),
  userKey(userId),
  adminsKey,
  sessionsKey(userId),
  ...trailKeys(userId),
];

/**
 * Returns the caller's account, which may have changed since the token was issued. Throws
 * `forbidden` if it may not manage accounts any more.
 */
export function actor(docs: Docs, caller: Caller): User {
  const user = signedInAccount(docs, caller);
  if (!may(rights(user), 'users')) throw new DomainError('forbidden', 'forbidden', 'You may not do this any more.');
  return user;
}

export const act = (what: Act['what'], { caller, from, at }: Deed, before: User | undefined, after: User): Act => ({
  what,
  about: after.id,
  by: caller.id,
  at: at.toISOString(),
  ...from,
  changes: changes(before, after),
});

/**
 * Changes role, permissions or status. A suspension or more rights invalidate everything issued to
 * the account, so its owner has to sign in again.
 */
export function changeMember(docs: Docs, userId: string, body: MemberChange, deed: Deed): Change<User> {
  const before = account(docs, userId, 'The account');
  const changed = change(actor(docs, deed.caller), before, body);
  const isSuspended = before.status !== changed.status && changed.status === 'suspended';
  const signsOut = isSuspended || gains(before, changed);
  const user = signsOut ? nextEpoch(changed) : changed;
  const isReinstated = before.status === 'suspended' && user.status === 'active';
  return {
    write: [
      ...putMember(docs, user),
      ...(signsOut ? endSessions(docs, userId) : []),
      ...noteAct(docs, act('user.changed', deed, before, user)),
    ],
    events: [
      updated(user),
      ...(isSuspended ? [UserSuspended(userId, user.version, owner(user))] : []),
      ...(isReinstated ? [UserReinstated(userId, user.version, { userId })] : []),
    ],
    result: user,
  };
}
