import { randomUUID } from 'node:crypto';
import type { Deps } from '@sidecart/chassis/service';
import { key, put, type Key } from '@sidecart/chassis/state';
import type { Settings } from '../config.js';
import type { Passwords } from '../passwords/hashing.js';
import { adminsKey, newUser, newUserKeys, ownerKey } from '../store.js';
import { emailKeyOf, register } from './user.js';

/** When the shop got its first admin. */
export const bootstrapKey: Key<string> = key('bootstrap');

/**
 * Creates the admin of the settings at the first start and returns whether it did; one of several replicas does. Later starts create none,
 * even if that admin was deleted or has another address by then: only an admin makes admins. Nor does a start on a state that has admins.
 */
export async function ensureAdmin({ settings, store }: Pick<Deps<Settings>, 'settings' | 'store'>, passwords: Passwords): Promise<boolean> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = settings;
  if (await store.read(bootstrapKey)) return false;
  const now = new Date();
  const passwordHash = await passwords.hash(password);
  const admin = register({ id: randomUUID(), email, name: 'Admin', role: 'admin', locale: 'en', passwordHash, verified: true }, now);
  return store.transact([bootstrapKey, adminsKey, ...newUserKeys(admin.emailKey)], (docs) => {
    if (docs.get(bootstrapKey)) return { result: false };
    const done = put(bootstrapKey, now.toISOString());
    if (docs.get(adminsKey)) return { write: [done], result: false };
    if (docs.get(ownerKey(emailKeyOf(email)))) return { result: false };
    return { write: [done, ...newUser(docs, admin)], result: true };
  });
}
