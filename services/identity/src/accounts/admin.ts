import { randomUUID } from 'node:crypto';
import type { Deps } from '@sidecart/chassis/service';
import type { Settings } from '../config.js';
import type { Passwords } from '../passwords/hashing.js';
import { newUser, newUserKeys, ownerKey } from '../store.js';
import { emailKeyOf, register } from './user.js';

/** Makes the admin of the settings, unless the address has an account, and says whether it did. Of replicas that start at once, one does. */
export async function ensureAdmin({ settings, store }: Pick<Deps<Settings>, 'settings' | 'store'>, passwords: Passwords): Promise<boolean> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = settings;
  const owner = ownerKey(emailKeyOf(email));
  if (await store.read(owner)) return false;
  const passwordHash = await passwords.hash(password);
  const admin = register({ id: randomUUID(), email, name: 'Admin', role: 'admin', locale: 'en', passwordHash, verified: true }, new Date());
  return store.transact(newUserKeys(admin.emailKey), (docs) => {
    const taken = docs.get(owner) !== undefined;
    return { write: taken ? [] : newUser(docs, admin), result: !taken };
  });
}
