import { createHash, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Client } from '../client.js';

/** So long may a session rest: each refresh begins the time anew. */
export const REST_SECONDS = 30 * 24 * 60 * 60;

const GRACE_SECONDS = 10;

/** One sign-in and the refresh tokens that follow from it. Only the newest is good; it is gone when the session is revoked. */
export interface Session {
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
}

export function begin({ id, userId, secret, secondFactor, address, agent }: Beginning, at: Date): Session {
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
    expiresAt: inSeconds(REST_SECONDS, at),
  };
}

/**
 * The session with its next secret, or undefined where the secret is not the newest: a token that was used before may be stolen. For a moment
 * the one before gives the same next one again, so that two windows of one browser, or a lost answer, end nothing.
 * @param salt random, for the next secret, which is made of both: what is stored gives nobody a token
 */
export function rotate(
  session: Session,
  secret: string,
  salt: string,
  { address, agent }: Client,
  at: Date,
): { session: Session; secret: string } | undefined {
  const { previous } = session;
  if (isCurrent(session, secret, at)) {
    const next = derived(salt, secret);
    const replaced = { secretHash: session.secretHash, salt, until: inSeconds(GRACE_SECONDS, at) };
    const renewed = { lastUsedAt: at.toISOString(), address, agent, expiresAt: inSeconds(REST_SECONDS, at) };
    return { session: { ...session, ...renewed, secretHash: sha256(next), previous: replaced }, secret: next };
  }
  const again = previous?.secretHash === sha256(secret) && at < new Date(previous.until);
  return again ? { session, secret: derived(previous.salt, secret) } : undefined;
}

const derived = (salt: string, secret: string) => createHmac('sha256', salt).update(secret).digest('base64url');

export function isCurrent({ secretHash, expiresAt }: Session, secret: string, at: Date): boolean {
  return secretHash === sha256(secret) && at < new Date(expiresAt);
}

const inSeconds = (seconds: number, at: Date) => new Date(at.getTime() + seconds * 1_000).toISOString();

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
