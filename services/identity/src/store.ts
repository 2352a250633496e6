import { DomainError } from '@sidecart/chassis/errors';
import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { User } from './accounts/user.js';

export const userKey = (id: string): Key<User> => key('user', id);
/** Whose address it is: there is one document per address, so an address has one account. */
export const ownerKey = (emailKey: string): Key<string> => key('email', emailKey);

export async function userByEmail(store: Store, emailKey: string): Promise<Readonly<User> | undefined> {
  const id = await store.read(ownerKey(emailKey));
  return store.read(userKey(id ?? 'nobody')); // read in any case: an unknown address must take as long
}

/** The writes that make an account. Throws `conflict` where the address has one. */
export function newUser(docs: Docs, user: User): Write[] {
  if (docs.get(ownerKey(user.emailKey))) throw new DomainError('conflict', 'email-taken', 'There is an account with this address.');
  return [put(ownerKey(user.emailKey), user.id), put(userKey(user.id), user)];
}
