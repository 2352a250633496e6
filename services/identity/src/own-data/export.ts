import { page } from '@sidecart/chassis/lists';
import type { Store } from '@sidecart/chassis/store';
import { Instant } from '@sidecart/contracts/common';
import { z } from 'zod';
import { LinkedIdentity, linkedIdentity, linksKey, linksOf } from '../accounts/links.js';
import { existing, userKey } from '../accounts/store.js';
import { Act, trailOf } from '../accounts/trail.js';
import { Profile, profile, Status, statusOf } from '../accounts/user.js';
import { Client } from '../client.js';
import { SessionId } from '../sessions/schemas.js';
import { sessionKey, sessionsKey } from '../sessions/store.js';
import { Login, loginsKey } from '../sign-in/history.js';
import { twoFactorKey } from '../two-factor/two-factor.js';
import { Address, addressesKey } from './address.js';

const MAX_ACTS = 100;

/**
 * Everything stored about a person here. Secrets are only mentioned, and who changed the account
 * from where is left out.
 */
export const OwnData = z
  .object({
    profile: Profile.extend({ status: Status, verified: z.boolean() }),
    addresses: z.array(Address),
    password: z.boolean().describe('whether the account has one'),
    twoFactor: z.boolean(),
    identities: z.array(LinkedIdentity).describe('at providers, that can sign in to the account'),
    sessions: z.array(
      z.object({
        id: SessionId,
        createdAt: Instant,
        lastUsedAt: Instant,
        expiresAt: Instant.meta({ examples: ['2026-03-02T12:00:00.000Z'] }),
        ...Client.shape,
      }),
    ),
    logins: z.array(Login),
    audit: z.array(Act.pick({ what: true, at: true, changes: true })).describe(`the last ${MAX_ACTS}`),
  })
  .meta({ id: 'OwnData' });
export type OwnData = z.infer<typeof OwnData>;

/** Throws `missing` if the account was deleted. */
export async function ownData(store: Store, userId: string): Promise<OwnData> {
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
