import { createHash, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { InEpoch } from '../accounts/epoch.js';
import type { Client } from '../client.js';

const DAY_SECONDS = 24 * 60 * 60;

/** A session that is not refreshed for this long ends. */
export const REST_SECONDS = 30 * DAY_SECONDS;

const GRACE_SECONDS = 10;

/** One sign-in and the refresh tokens that follow from it. Only the newest is good; it is gone when the session is revoked. */
export interface Session extends InEpoch {
  id: string;
  userId: string;
  /** SHA-256 of the newest token's secret: 256 random bits need no slow hash. */
  secretHash: string;
  /** The token before, which gives the newest one again for a moment. */
  previous: { secretHash: string; salt: string; until: string } | null;
  createdAt: string;
  /** When its last token was given out, and to where. */
  lastUsedAt: string;
  address: string;
  agent: string;
  /** Whether more than a password was shown. */
  secondFactor: boolean;
  expiresAt: string;
}

export const SessionId = z.uuid().meta({ examples: ['47154fa0-9699-4ac7-9949-05434916c594'] });

/** `<session id>.<secret>` */
export const RefreshToken = z
  .string()
  .regex(/^[\w-]{36}\.[\w-]{43}$/, 'not a refresh token')
  .meta({ examples: ['47154fa0-9699-4ac7-9949-05434916c594.MByPW8pG_EpK-6Z7QiFTiP50C72AKLJEdBdafhVcqnc'] });

export interface Presented {
  sessionId: string;
  secret: string;
}

export function presented(refreshToken: string): Presented {
  const [sessionId = '', secret = ''] = refreshToken.split('.');
  return { sessionId, secret };
}

export const refreshToken = ({ id }: Pick<Session, 'id'>, secret: string): string => `${id}.${secret}`;

export const newSecret = (): string => randomBytes(32).toString('base64url');

export interface Beginning extends Client {
  id: string;
  userId: string;
  secret: string;
  secondFactor: boolean;
  /** The lifetime. */
  days: number;
}

export function begin({ id, userId, secret, secondFactor, days, address, agent }: Beginning, at: Date): Session {
  const now = at.toISOString();
  return {
    id,
    userId,
    secretHash: sha256(secret),
    previous: null,
    createdAt: now,
    lastUsedAt: now,
    address,
    agent,
    secondFactor,
    expiresAt: expiry(now, days, at),
  };
}

export interface Rotation {
  /** The secret that is presented. */
  secret: string;
  /** Random, for the next secret, which is derived from both: what is stored gives nobody a token. */
  salt: string;
  /** The lifetime. */
  days: number;
  from: Client;
}

/**
 * Returns the session with its next secret, or `undefined` if the session has ended or `secret` is not its newest one: a token that comes
 * again may be stolen. For some seconds the secret before the newest gives the same next one again, so that two windows of one browser, or
 * a lost answer, end nothing.
 */
export function rotate(
  session: Session,
  { secret, salt, days, from }: Rotation,
  at: Date,
): { session: Session; secret: string } | undefined {
  const { secretHash, previous, createdAt } = session;
  if (isOver(session, days, at)) return undefined;
  if (secretHash === sha256(secret)) {
    const next = derived(salt, secret);
    const replaced = { secretHash, salt, until: inSeconds(GRACE_SECONDS, at) };
    const renewed = { lastUsedAt: at.toISOString(), address: from.address, agent: from.agent, expiresAt: expiry(createdAt, days, at) };
    return { session: { ...session, ...renewed, secretHash: sha256(next), previous: replaced }, secret: next };
  }
  const again = previous?.secretHash === sha256(secret) && at < new Date(previous.until);
  return again ? { session, secret: derived(previous.salt, secret) } : undefined;
}

const derived = (salt: string, secret: string) => createHmac('sha256', salt).update(secret).digest('base64url');

/** Whether the session has ended: it was not refreshed for too long, or has lived for `days`. */
export const isOver = ({ createdAt, expiresAt }: Session, days: number, at: Date): boolean =>
  at >= new Date(expiresAt) || at >= new Date(lifetimeEnd(createdAt, days));

/** Whether this is the secret of the session's newest refresh token or of the one before it. */
export const wasGivenLately = ({ secretHash, previous }: Session, secret: string): boolean =>
  [secretHash, previous?.secretHash].includes(sha256(secret));

/** When the session ends, unless it is refreshed at some time after `at`. */
function expiry(createdAt: string, days: number, at: Date): string {
  const [rested, lived] = [inSeconds(REST_SECONDS, at), lifetimeEnd(createdAt, days)];
  return rested < lived ? rested : lived;
}

const lifetimeEnd = (createdAt: string, days: number) => inSeconds(days * DAY_SECONDS, new Date(createdAt));

const inSeconds = (seconds: number, at: Date) => new Date(at.getTime() + seconds * 1_000).toISOString();

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
