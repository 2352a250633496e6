import { DomainError } from '@sidecart/chassis/errors';
import type { User as Caller } from '@sidecart/chassis/auth';
import { may } from '@sidecart/chassis/auth';
import type { Change, Docs, Key } from '@sidecart/chassis/state';
import { UserReinstated, UserSuspended } from '@sidecart/contracts/identity';
import { owner, rights, updated, type User } from '../accounts/user.js';
import { changes, noteAct, trailKeys, type Act } from '../audit/trail.js';
import type { Client } from '../client.js';
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
  userKey(caller.id),
  userKey(userId),
  adminsKey,
  sessionsKey(userId),
  ...trailKeys(userId),
];

/** Returns the caller's account as it is now, which the token may not tell. Throws `forbidden` if it may not look after accounts any more. */
export function actor(docs: Docs, { id }: Caller): User {
  const user = docs.get(userKey(id));
  if (user?.status !== 'active' || !may(rights(user), 'users'))
    throw new DomainError('forbidden', 'forbidden', 'You may not do this any more.');
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

/** Changes role, permissions or status. An account that is suspended or gets more rights is signed out: whoever holds a session proves anew who they are. */
export function changeMember(docs: Docs, userId: string, body: MemberChange, deed: Deed): Change<User> {
  const before = account(docs, userId, 'The account');
  const user = change(actor(docs, deed.caller), before, body);
  const suspended = before.status !== user.status && user.status === 'suspended';
  const reinstated = before.status === 'suspended' && user.status === 'active';
  return {
    write: [
      ...putMember(docs, user),
      ...(suspended || gains(before, user) ? endSessions(docs, userId) : []),
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
