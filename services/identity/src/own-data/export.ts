import { page } from '@sidecart/chassis/lists';
import type { Store } from '@sidecart/chassis/store';
import { linksKey, linksOf } from '../accounts/links.js';
import { existing, userKey } from '../accounts/store.js';
import { trailOf } from '../accounts/trail.js';
import { statusOf } from '../accounts/user.js';
import { linkedIdentity, profile } from '../accounts/view.js';
import { sessionKey, sessionsKey } from '../sessions/store.js';
import { loginsKey } from '../sign-in/history.js';
import { twoFactorKey } from '../two-factor/two-factor.js';
import { addressesKey } from './address.js';

/** How many entries of the audit trail an export has. */
export const MAX_ACTS = 100;

/**
 * Returns everything stored about a person here. Secrets are only mentioned, and who changed the
 * account from where is left out. Throws `missing` if the account was deleted.
 */
export async function ownData(store: Store, userId: string) {
  const [user, addresses, ids, twoFactor, links, logins, acts] = await Promise.all([
    store.read(userKey(userId)),
    store.read(addressesKey(userId)),
    store.read(sessionsKey(userId)),
    store.read(twoFactorKey(userId)),
    store.read(linksKey(userId)),
    store.read(loginsKey(userId)),
    page(store, trailOf(userId), { limit: MAX_ACTS }),
  ]);
  const account = existing(user, 'Your account');
  const sessions = await Promise.all((ids ?? []).map((id) => store.read(sessionKey(id))));
  return {
    profile: { ...profile(account), status: statusOf(account), verified: account.verified },
    addresses: [...(addresses ?? [])],
    password: account.passwordHash !== undefined,
    twoFactor: Boolean(twoFactor?.confirmedAt),
    identities: linksOf(links).map(linkedIdentity),
    sessions: sessions
      .filter((session) => session !== undefined)
      .map(({ id, createdAt, lastUsedAt, expiresAt, address, agent }) => ({ id, createdAt, lastUsedAt, expiresAt, address, agent })),
    logins: [...(logins?.recent ?? [])],
    audit: acts.data.map(({ what, at, changes }) => ({ what, at, changes })),
  };
}
