import { randomUUID } from 'node:crypto';
import { key, put, type Key } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { Passwords } from './hashing.js';
import { adminsKey, newUser, newUserKeys, ownerKey } from './store.js';
import { emailKeyOf, register } from './user.js';

/** When the shop got its first admin. */
export const bootstrapKey: Key<string> = key('bootstrap');

export interface FirstAdminOptions {
  settings: { ADMIN_EMAIL: string; ADMIN_PASSWORD: string };
  store: Store;
}

/**
 * Creates the admin of the settings on the first start. Returns whether it did; if several replicas
 * start at once, only one does. Later starts create nobody, even if that admin has been deleted or
 * has changed the address. A store with admins from an earlier version counts as started.
 */
export async function ensureAdmin({ settings, store }: FirstAdminOptions, passwords: Passwords): Promise<boolean> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = settings;
  if (await store.read(bootstrapKey)) return false;
  const now = new Date();
  const passwordHash = await passwords.hash(password);
  const admin = register({ id: randomUUID(), email, name: 'Admin', role: 'admin', locale: 'en', passwordHash, verified: true }, now);
  return store.transact([bootstrapKey, adminsKey, ...newUserKeys(admin.emailKey)], (docs) => {
    if (docs.get(bootstrapKey)) return { result: false };
    const started = put(bootstrapKey, now.toISOString());
    if (docs.get(adminsKey)) return { write: [started], result: false };
    if (docs.get(ownerKey(emailKeyOf(email)))) return { result: false };
    return { write: [started, ...newUser(docs, admin)], result: true };
  });
}
