import type { Verify } from '@sidecart/chassis/auth';
import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { UserId } from '@sidecart/contracts/common';
import { RefreshTokenReused } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { sameEpoch } from '../accounts/epoch.js';
import { owner, Profile } from '../accounts/user.js';
import type { Keys } from '../keys/keys.js';
import { sessionEnded } from './account.js';
import { isOver, newSecret, presented, RefreshToken, rotate, SessionId, wasGivenLately } from './session.js';
import { AccessToken, SignedIn, signedIn } from './signed-in.js';
import { clientOf } from '../client.js';
import { settle } from '../settle.js';
import type { SignIn } from '../sign-in/sign-in.js';
import { userKey } from '../store.js';
import { endSession, putSession, sessionKey } from './store.js';

const Refresh = z.strictObject({ refreshToken: RefreshToken });
const TokenHolder = z.object({ userId: UserId, role: Profile.shape.role, sessionId: SessionId });

export interface TokenOptions {
  store: Store;
  keys: Keys;
  signIn: Pick<SignIn, 'needsTwoFactor'>;
  verify: Verify;
  /** How long a session may live. */
  days: number;
}

export function tokenRoutes({ store, keys, signIn, verify, days }: TokenOptions): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/token/refresh',
    {
      summary:
        'Gives the next refresh token with a new access token. A token that comes again ends the session; within ten seconds it gives the same next one.',
      access: 'public',
      rows: [3],
      body: Refresh,
      reply: SignedIn,
      problems: { 401: 'The token was used before, its session has ended or reached its lifetime, or the account is suspended.' },
    },
    async ({ body, req }) => {
      const { sessionId, secret } = presented(body.refreshToken);
      const salt = newSecret();
      const now = new Date();
      const { user, session, next } = await settle(store, [sessionKey(sessionId)], (docs) => {
        const kept = docs.get(sessionKey(sessionId));
        const user = kept && docs.get(userKey(kept.userId));
        if (!kept || !user) return { result: notGood() };
        const allowed = user.status === 'active' && sameEpoch(user, kept) && (kept.secondFactor || !signIn.needsTwoFactor(user));
        const rotated = allowed ? rotate(kept, { secret, salt, days, from: clientOf(req) }, now) : undefined;
        if (rotated) {
          const { session, secret: next } = rotated;
          return { write: session === kept ? [] : [putSession(session)], result: { user, session, next } };
        }
        const stolen = allowed && !isOver(kept, days, now);
        const events = stolen ? [RefreshTokenReused(sessionId, 1, owner(user))] : [];
        return { write: endSession(docs, user.id, sessionId), events, result: notGood() };
      });
      return signedIn(keys, user, session, next);
    },
  );

  auth.post(
    '/api/auth/logout',
    {
      summary: 'Ends the session of a refresh token, if it has not ended yet. The token before the newest works, too.',
      access: 'public',
      rows: [3],
      body: Refresh,
    },
    async ({ body }) => {
      const { sessionId, secret } = presented(body.refreshToken);
      await store.transact([sessionKey(sessionId)], (docs) => {
        const session = docs.get(sessionKey(sessionId));
        const ends = session && wasGivenLately(session, secret);
        return { write: ends ? endSession(docs, session.userId, sessionId) : [], result: undefined };
      });
    },
  );

  auth.post(
    '/api/auth/token/verify',
    {
      summary: 'Says whose access token it is, if it is good and its session has not ended.',
      access: 'public',
      rows: [3],
      body: z.strictObject({ accessToken: AccessToken }),
      reply: TokenHolder,
      problems: { 401: 'The token is malformed, expired, or its session has ended.' },
    },
    async ({ body: { accessToken } }) => {
      const { id: userId, role, sessionId } = await verify(accessToken);
      if (!(await store.read(sessionKey(sessionId)))) throw sessionEnded();
      return { userId, role, sessionId };
    },
  );

  return auth;
}

const notGood = () =>
  new DomainError('unauthenticated', 'invalid-refresh-token', 'This refresh token is not good any more: sign in again.');
