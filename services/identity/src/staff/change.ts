import { DomainError } from '@sidecart/chassis/errors';
import type { User as Caller } from '@sidecart/chassis/auth';
import { may } from '@sidecart/chassis/auth';
import type { Change, Docs, Key } from '@sidecart/chassis/state';
import { UserReinstated, UserSuspended } from '@sidecart/contracts/identity';
import { nextEpoch } from '../accounts/epoch.js';
import { owner, rights, updated, type User } from '../accounts/user.js';
import { changes, noteAct, trailKeys, type Act } from '../audit/trail.js';
import type { Client } from '../client.js';
import { signedInAccount, signedInKeys } from '../sessions/account.js';
import { endSessions, sessionsKey } from '../sessions/store.js';
import { account, adminsKey, putMember, userKey } from '../store.js';
import { change, gains, type MemberChange } from './member.js';

/** Who does something to an account of somebody else, from where, and when. */
export interface Deed {
  caller: Caller;
  from: Client;
  at: Date;
}

export const memberKeys = (caller: Caller, userId: string): Key<unknown>[] => [
  ...signedInKeys(caller),
  userKey(userId),
  adminsKey,
  sessionsKey(userId),
  ...trailKeys(userId),
];

/** Returns the caller's account as it is now, which the token may not tell. Throws `forbidden` if it may not look after accounts any more. */
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

/** Changes role, permissions or status. A suspension or more rights end everything that was issued to the account: its owner signs in again. */
export function changeMember(docs: Docs, userId: string, body: MemberChange, deed: Deed): Change<User> {
  const before = account(docs, userId, 'The account');
  const changed = change(actor(docs, deed.caller), before, body);
  const suspended = before.status !== changed.status && changed.status === 'suspended';
  const signsOut = suspended || gains(before, changed);
  const user = signsOut ? nextEpoch(changed) : changed;
  const reinstated = before.status === 'suspended' && user.status === 'active';
  return {
    write: [
      ...putMember(docs, user),
      ...(signsOut ? endSessions(docs, userId) : []),
      ...noteAct(docs, act('user.changed', deed, before, user)),
    ],
    events: [
      updated(user),
      ...(suspended ? [UserSuspended(userId, user.version, owner(user))] : []),
      ...(reinstated ? [UserReinstated(userId, user.version, { userId })] : []),
    ],
    result: user,
  };
}
