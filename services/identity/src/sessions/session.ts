import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { InEpoch } from '../accounts/epoch.js';
import type { Client } from '../client.js';

const DAY_SECONDS = 24 * 60 * 60;

/** A session that is not refreshed for this long ends. */
export const IDLE_SECONDS = 30 * DAY_SECONDS;

/** How long the previous refresh token still works. */
const GRACE_SECONDS = 10;

/**
 * A sign-in and its chain of refresh tokens, of which only the newest is valid. Revoking the
 * session deletes it.
 */
export interface Session extends InEpoch {
  id: string;
  userId: string;
  /** SHA-256 of the newest token's secret. 256 random bits need no slow hash. */
  secretHash: string;
  /** The token before it, which returns the newest one again until `until`. */
  previous: { secretHash: string; salt: string; until: string } | null;
  createdAt: string;
  /** When and where the newest token was issued. */
  lastUsedAt: string;
  address: string;
  agent: string;
  /** Whether the sign-in needed a second factor. */
  secondFactor: boolean;
  expiresAt: string;
}

export interface ParsedToken {
  sessionId: string;
  secret: string;
}

export function parseToken(refreshToken: string): ParsedToken {
  const [sessionId = '', secret = ''] = refreshToken.split('.');
  return { sessionId, secret };
}

export const refreshToken = ({ id }: Pick<Session, 'id'>, secret: string): string => `${id}.${secret}`;

export const newSecret = (): string => randomBytes(32).toString('base64url');

export interface NewSession extends Client {
  id: string;
  userId: string;
  secret: string;
  secondFactor: boolean;
  /** The lifetime. */
  days: number;
}

export function newSession({ id, userId, secret, secondFactor, days, address, agent }: NewSession, now: Date): Session {
  const createdAt = now.toISOString();
  return {
    id,
    userId,
    secretHash: sha256(secret),
    previous: null,
    createdAt,
    lastUsedAt: createdAt,
    address,
    agent,
    secondFactor,
    expiresAt: expiry(createdAt, days, now),
  };
}

export interface Rotation {
  /** The secret of the token that was sent. */
  secret: string;
  /** Random. The next secret is derived from both, so the stored document yields no token. */
  salt: string;
  /** The lifetime. */
  days: number;
  from: Client;
}

/**
 * Returns the session with its next secret, or `undefined` if the session has ended or `secret` is
 * not its newest one: a token that is used twice may be stolen. Within a grace period the previous
 * secret returns the same next one, so that two windows of a browser, or a lost response, end
 * nothing.
 */
export function rotate(
  session: Session,
  { secret, salt, days, from }: Rotation,
  now: Date,
): { session: Session; secret: string } | undefined {
  const { secretHash, previous, createdAt } = session;
  if (hasEnded(session, days, now)) return undefined;
  if (secretHash === sha256(secret)) {
    const next = derived(salt, secret);
    const replaced = { secretHash, salt, until: inSeconds(GRACE_SECONDS, now) };
    const { address, agent } = from;
    const renewed = { lastUsedAt: now.toISOString(), address, agent, expiresAt: expiry(createdAt, days, now) };
    return { session: { ...session, ...renewed, secretHash: sha256(next), previous: replaced }, secret: next };
  }
  const isInGrace = previous?.secretHash === sha256(secret) && now < new Date(previous.until);
  return isInGrace ? { session, secret: derived(previous.salt, secret) } : undefined;
}

const derived = (salt: string, secret: string) => createHmac('sha256', salt).update(secret).digest('base64url');

/** Returns whether the session was idle for too long or has reached its lifetime of `days`. */
export const hasEnded = ({ createdAt, expiresAt }: Session, days: number, now: Date): boolean =>
  now >= new Date(expiresAt) || now >= new Date(endOfLife(createdAt, days));

/** Returns whether this is the secret of the newest refresh token or of the one before it. */
export const isRecentSecret = ({ secretHash, previous }: Session, secret: string): boolean =>
  [secretHash, previous?.secretHash].includes(sha256(secret));

/** Returns when the session ends if it is not refreshed after `now`. */
function expiry(createdAt: string, days: number, now: Date): string {
  const [idle, lived] = [inSeconds(IDLE_SECONDS, now), endOfLife(createdAt, days)];
  return idle < lived ? idle : lived;
}

const endOfLife = (createdAt: string, days: number) => inSeconds(days * DAY_SECONDS, new Date(createdAt));

const inSeconds = (seconds: number, from: Date) => new Date(from.getTime() + seconds * 1_000).toISOString();

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
