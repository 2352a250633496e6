import { randomUUID } from 'node:crypto';
import { DomainError, found } from '@sidecart/chassis/errors';
import { append, list } from '@sidecart/chassis/lists';
import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { User } from './user.js';

export const userKey = (id: string): Key<User> => key('user', id);
/**
 * Holds the id of the account with this address. There is one document per address, so an address
 * has one account.
 */
export const ownerKey = (emailKey: string): Key<string> => key('email', emailKey);
/** The ids of all accounts ever created. */
export const everyone = list<string>('users');
/**
 * The ids of the active admins. Every change of an admin writes this document, so two changes at
 * once cannot remove the last one.
 */
export const adminsKey: Key<string[]> = key('admins');

export async function userByEmail(store: Store, emailKey: string): Promise<Readonly<User> | undefined> {
  const id = await store.read(ownerKey(emailKey));
  return store.read(userKey(id ?? 'nobody')); // always a second read, so that an unknown address takes as long
}

/** Returns the account. Throws `missing` if there is none or it was deleted. */
export const account = (docs: Docs, id: string, what = 'Your account'): Readonly<User> => existing(docs.get(userKey(id)), what);

/**
 * What a route for one's own account may answer: access tokens outlive the account for some
 * minutes.
 */
export const deletedProblem = { 404: 'Your account was deleted.' };

export const existing = (user: Readonly<User> | undefined, what: string): Readonly<User> =>
  found(user?.status === 'deleted' ? undefined : user, what);

/** What `newUser` reads. */
export const newUserKeys = (emailKey: string): Key<unknown>[] => [ownerKey(emailKey), everyone.head];

/** Returns the writes that create an account. Throws `conflict` if the address has one. */
export function newUser(docs: Docs, user: User): Write[] {
  if (docs.get(ownerKey(user.emailKey))) throw new DomainError('conflict', 'email-taken', 'There is an account with this email address.');
  return [
    put(ownerKey(user.emailKey), user.id),
    put(userKey(user.id), user),
    ...append(docs, everyone, user.id),
    ...countAdmin(docs, user),
  ];
}

/**
 * Returns the writes of a change of role or status. Throws `conflict` if no active admin would be
 * left.
 */
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

/** Returns an id of this state store, created on first use. */
export function origin(store: Store): Promise<string> {
  const originKey = key<{ id: string }>('origin');
  const created = { id: randomUUID() };
  return store.transact([originKey], (docs) => {
    const stored = docs.get(originKey);
    return { write: stored ? [] : [put(originKey, created)], result: (stored ?? created).id };
  });
}
