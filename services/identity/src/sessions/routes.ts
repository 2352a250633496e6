import type { Verify } from '@sidecart/chassis/auth';
import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { UserId } from '@sidecart/contracts/common';
import { RefreshTokenReused } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { sameEpoch } from '../accounts/epoch.js';
import { Profile } from '../accounts/schemas.js';
import { userKey } from '../accounts/store.js';
import { owner, type User } from '../accounts/user.js';
import { clientOf } from '../client.js';
import type { Keys } from '../keys/keys.js';
import { transactOrRefuse } from '../transact-or-refuse.js';
import { sessionEnded } from './caller.js';
import { AccessToken, RefreshToken, SessionId, SignedIn } from './schemas.js';
import { hasEnded, isRecentSecret, newSecret, parseToken, rotate } from './session.js';
import { endSession, putSession, sessionKey } from './store.js';
import { signedIn } from './view.js';

const Refresh = z.strictObject({ refreshToken: RefreshToken });
const TokenHolder = z.object({ userId: UserId, role: Profile.shape.role, sessionId: SessionId });

export interface TokenOptions {
  store: Store;
  keys: Keys;
  needsTwoFactor: (user: User) => boolean;
  verify: Verify;
  /** The lifetime of a session. */
  days: number;
}

export function tokenRoutes({ store, keys, needsTwoFactor, verify, days }: TokenOptions): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/token/refresh',
    {
      summary:
        'Returns a new access token and the next refresh token. A refresh token that is used twice ends its session, unless within 10 seconds.',
      access: 'public',
      rows: [3],
      body: Refresh,
      reply: SignedIn,
      problems: { 401: 'The token was already used, its session has ended or reached its lifetime, or the account is suspended.' },
    },
    async ({ body, req }) => {
      const { sessionId, secret } = parseToken(body.refreshToken);
      const salt = newSecret();
      const { user, session, next } = await transactOrRefuse(store, [sessionKey(sessionId)], (docs, now) => {
        const stored = docs.get(sessionKey(sessionId));
        const user = stored && docs.get(userKey(stored.userId));
        if (!stored || !user) return { result: invalidToken() };
        const isAllowed = user.status === 'active' && sameEpoch(user, stored) && (stored.secondFactor || !needsTwoFactor(user));
        const rotated = isAllowed ? rotate(stored, { secret, salt, days, from: clientOf(req) }, now) : undefined;
        if (rotated) {
          const { session, secret: next } = rotated;
          return { write: session === stored ? [] : [putSession(session)], result: { user, session, next } };
        }
        const isReused = isAllowed && !hasEnded(stored, days, now);
        const events = isReused ? [RefreshTokenReused(sessionId, 1, owner(user))] : [];
        return { write: endSession(docs, user.id, sessionId), events, result: invalidToken() };
      });
      return signedIn(keys, user, session, next);
    },
  );

  auth.post(
    '/api/auth/logout',
    {
      summary: 'Ends the session of a refresh token, if it has not ended. The previous refresh token works too.',
      access: 'public',
      rows: [3],
      body: Refresh,
    },
    async ({ body }) => {
      const { sessionId, secret } = parseToken(body.refreshToken);
      await store.transact([sessionKey(sessionId)], (docs) => {
        const session = docs.get(sessionKey(sessionId));
        const ends = session && isRecentSecret(session, secret);
        return { write: ends ? endSession(docs, session.userId, sessionId) : [], result: undefined };
      });
    },
  );

  auth.post(
    '/api/auth/token/verify',
    {
      summary: 'Returns the holder of an access token, if it is valid and its session has not ended.',
      access: 'public',
      rows: [3],
      body: z.strictObject({ accessToken: AccessToken }),
      reply: TokenHolder,
      problems: { 401: 'The token is malformed or has expired, or its session has ended.' },
    },
    async ({ body: { accessToken } }) => {
      const { id: userId, role, sessionId } = await verify(accessToken);
      const [session, user] = await Promise.all([store.read(sessionKey(sessionId)), store.read(userKey(userId))]);
      if (!session || !sameEpoch(session, user)) throw sessionEnded();
      return { userId, role, sessionId };
    },
  );

  return auth;
}

const invalidToken = () =>
  new DomainError('unauthenticated', 'invalid-refresh-token', 'This refresh token is not valid any more. Sign in again.');
