import { createHash, timingSafeEqual } from 'node:crypto';
import { key, put, type Key, type Write } from '@sidecart/chassis/state';
import type { InEpoch } from '../accounts/epoch.js';
import type { TwoFactor } from '../two-factor/two-factor.js';

const CHALLENGE_SECONDS = 10 * 60;
const MAX_ATTEMPTS = 5;

export const METHODS = ['totp', 'recovery', 'email'] as const;
export type Method = (typeof METHODS)[number];

/** A sign-in that has passed its first factor and needs a second. */
export interface Challenge extends InEpoch {
  id: string;
  userId: string;
  secretHash: string;
  /** The guest cart to merge. */
  cartSession: string | null;
  triesLeft: number;
  expiresAt: string;
}

export const challengeKey = (id: string): Key<Challenge> => key('challenge', id);

export const putChallenge = (challenge: Challenge): Write => put(challengeKey(challenge.id), challenge, CHALLENGE_SECONDS);

/**
 * Returns the second factors that an account can use. None means that one factor is enough. Codes
 * by mail are for roles that need a second factor and have not set one up. They are no second
 * factor next to an app, because the mailbox is enough to reset the password.
 */
export function methodsOf(factor: Readonly<TwoFactor> | undefined, isRequired: boolean): Method[] {
  if (factor?.confirmedAt) return factor.recovery.length > 0 ? ['totp', 'recovery'] : ['totp'];
  return isRequired ? ['email'] : [];
}

export const newChallenge = (fields: Pick<Challenge, 'id' | 'userId' | 'epoch' | 'cartSession'>, secret: string, now: Date): Challenge => ({
  ...fields,
  secretHash: sha256(secret),
  triesLeft: MAX_ATTEMPTS,
  expiresAt: new Date(now.getTime() + CHALLENGE_SECONDS * 1_000).toISOString(),
});

/** Returns whether the secret is right, the challenge has not expired and attempts are left. */
export const isOpen = ({ secretHash, triesLeft, expiresAt }: Challenge, secret: string, now: Date): boolean =>
  triesLeft > 0 && now < new Date(expiresAt) && timingSafeEqual(Buffer.from(secretHash), Buffer.from(sha256(secret)));

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
