import { page } from '@sidecart/chassis/lists';
import type { Store } from '@sidecart/chassis/store';
import { Instant } from '@sidecart/contracts/common';
import { z } from 'zod';
import { Profile, profile, Status, statusOf } from '../accounts/user.js';
import { Address } from '../addresses/address.js';
import { addressesKey } from '../addresses/routes.js';
import { Act, trailOf } from '../audit/trail.js';
import { Client } from '../client.js';
import { LinkedIdentity, linkedIdentity, linksOf } from '../providers/link.js';
import { linksKey } from '../providers/store.js';
import { SessionId } from '../sessions/session.js';
import { sessionKey, sessionsKey } from '../sessions/store.js';
import { Login, loginsKey } from '../sign-in/login.js';
import { existing, userKey } from '../store.js';
import { twoFactorKey } from '../two-factor/challenge.js';

const MAX_ACTS = 100;

/** Everything that is kept of a person here; of secrets, that there are any; of what others did, not from where. */
export const OwnData = z
  .object({
    profile: Profile.extend({ status: Status, verified: z.boolean() }),
    addresses: z.array(Address),
    password: z.boolean().describe('whether there is one'),
    twoFactor: z.boolean(),
    identities: z.array(LinkedIdentity).describe('at providers that sign in to the account'),
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

/** Throws `missing` where there is no such account any more. */
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
