import { createHash, timingSafeEqual } from 'node:crypto';
import { key, put, type Key, type Write } from '@sidecart/chassis/state';
import { z } from 'zod';
import type { InEpoch } from '../accounts/epoch.js';
import type { TwoFactor } from './two-factor.js';

const CHALLENGE_SECONDS = 10 * 60;
const TRIES = 5;

export const Method = z.enum(['totp', 'recovery', 'email']);
export type Method = z.infer<typeof Method>;

/** A sign-in that has shown its password and still needs another factor. */
export interface Challenge extends InEpoch {
  id: string;
  userId: string;
  secretHash: string;
  /** The guest cart that is brought along. */
  cartSession: string | null;
  triesLeft: number;
  expiresAt: string;
}

/** `<challenge id>.<secret>` */
export const ChallengeToken = z
  .string()
  .regex(/^[\w-]{36}\.[\w-]{43}$/, 'not a token of a sign-in')
  .meta({ examples: ['ff7e8bd3-a22f-472e-abba-0dad9f4f3dd2.k10R0I-ZBQoZUS3QyqXY4WiXL9lKhS1Png9GifFYbwI'] });

/** What somebody who signs in must show next. */
export const TwoFactorNeeded = z
  .object({
    twoFactor: z.object({
      token: ChallengeToken.describe('for /api/auth/2fa/verify, 10 minutes'),
      methods: z.array(Method).meta({ examples: [['totp', 'recovery']] }),
    }),
  })
  .meta({ id: 'TwoFactorNeeded' });
export type TwoFactorNeeded = z.infer<typeof TwoFactorNeeded>;

export const twoFactorKey = (userId: string): Key<TwoFactor> => key('two-factor', userId);
export const challengeKey = (id: string): Key<Challenge> => key('challenge', id);

export const putChallenge = (challenge: Challenge): Write => put(challengeKey(challenge.id), challenge, CHALLENGE_SECONDS);

/**
 * How a person may show the second factor: none if one factor is enough. Mail is for roles that need two factors and have none set up. It is no second
 * factor next to an app, because a mailbox is enough to reset the password.
 */
export function methodsOf(factor: Readonly<TwoFactor> | undefined, alwaysNeeded: boolean): Method[] {
  if (factor?.confirmedAt) return factor.recovery.length > 0 ? ['totp', 'recovery'] : ['totp'];
  return alwaysNeeded ? ['email'] : [];
}

export const newChallenge = (about: Pick<Challenge, 'id' | 'userId' | 'epoch' | 'cartSession'>, secret: string, at: Date): Challenge => ({
  ...about,
  secretHash: sha256(secret),
  triesLeft: TRIES,
  expiresAt: new Date(at.getTime() + CHALLENGE_SECONDS * 1_000).toISOString(),
});

export const isOpen = ({ secretHash, triesLeft, expiresAt }: Challenge, secret: string, at: Date): boolean =>
  triesLeft > 0 && at < new Date(expiresAt) && timingSafeEqual(Buffer.from(secretHash), Buffer.from(sha256(secret)));

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
