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
 * Creates the admin of the settings at the first start. Returns whether it did; of several replicas, one does. Later starts create none,
 * even if that admin was deleted or has another address by then. A state that has admins from an earlier version counts as started.
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
