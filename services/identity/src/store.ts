import { randomUUID } from 'node:crypto';
import { DomainError, found } from '@sidecart/chassis/errors';
import { append, list } from '@sidecart/chassis/lists';
import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { User } from './accounts/user.js';

export const userKey = (id: string): Key<User> => key('user', id);
/** Whose address it is: there is one document per address, so an address has one account. */
export const ownerKey = (emailKey: string): Key<string> => key('email', emailKey);
/** The ids of all accounts that ever were. */
export const everyone = list<string>('users');
/** The ids of the active admins: whoever changes one of them changes this, so that the last one is seen. */
export const adminsKey: Key<string[]> = key('admins');

export async function userByEmail(store: Store, emailKey: string): Promise<Readonly<User> | undefined> {
  const id = await store.read(ownerKey(emailKey));
  return store.read(userKey(id ?? 'nobody')); // read in any case: an unknown address must take as long
}

/** The account, unless it was deleted. Throws `missing`. */
export const account = (docs: Docs, id: string, what = 'Your account'): Readonly<User> => existing(docs.get(userKey(id)), what);

/** The problem of routes for one's own account: access tokens outlive it for some minutes. */
export const GONE = { 404: 'Your account was deleted.' };

export const existing = (user: Readonly<User> | undefined, what: string): Readonly<User> =>
  found(user?.status === 'deleted' ? undefined : user, what);

/** What `newUser` reads. */
export const newUserKeys = (emailKey: string): Key<unknown>[] => [ownerKey(emailKey), everyone.at];

/** The writes that make an account. Throws `conflict` where the address has one. */
export function newUser(docs: Docs, user: User): Write[] {
  if (docs.get(ownerKey(user.emailKey))) throw new DomainError('conflict', 'email-taken', 'There is an account with this address.');
  return [
    put(ownerKey(user.emailKey), user.id),
    put(userKey(user.id), user),
    ...append(docs, everyone, user.id),
    ...countAdmin(docs, user),
  ];
}

/** The writes of an account whose role or status may have changed. Throws `conflict` where no active admin would be left. */
export const putMember = (docs: Docs, user: User): Write[] => [
  put(userKey(user.id), user),
  ...countAdmin(docs, user, docs.get(userKey(user.id))),
];

function countAdmin(docs: Docs, user: User, before?: User): Write[] {
  const [was, is] = [before, user].map((each) => each?.role === 'admin' && each.status === 'active');
  if (was === is) return [];
  const others = (docs.get(adminsKey) ?? []).filter((id) => id !== user.id);
  if (was && others.length === 0) throw new DomainError('conflict', 'last-admin', 'This is the last active admin.');
  return [put(adminsKey, is ? [...others, user.id] : others)];
}

/** Tells this state from any other; made once. */
export function origin(store: Store): Promise<string> {
  const at = key<{ id: string }>('origin');
  const made = { id: randomUUID() };
  return store.transact([at], (docs) => {
    const known = docs.get(at);
    return { write: known ? [] : [put(at, made)], result: (known ?? made).id };
  });
}
