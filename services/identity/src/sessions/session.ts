import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** So long may a session rest: each refresh begins the time anew. */
export const REST_SECONDS = 30 * 24 * 60 * 60;

/** One sign-in and the refresh tokens that follow from it. Only the newest is good; it is gone when the session is revoked. */
export interface Session {
  id: string;
  userId: string;
  /** SHA-256 of the newest token's secret: 256 random bits need no slow hash. */
  secretHash: string;
  createdAt: string;
  expiresAt: string;
}

/** `<session id>.<secret>` */
export const RefreshToken = z.string().regex(/^[\w-]{36}\.[\w-]{43}$/, 'not a refresh token');

export interface Presented {
  sessionId: string;
  secret: string;
}

export function presented(refreshToken: string): Presented {
  const [sessionId = '', secret = ''] = refreshToken.split('.');
  return { sessionId, secret };
}

export const refreshToken = ({ id }: Session, secret: string): string => `${id}.${secret}`;

export const newSecret = (): string => randomBytes(32).toString('base64url');

export const begin = (id: string, userId: string, secret: string, at: Date): Session =>
  renewed({ id, userId, createdAt: at.toISOString() }, secret, at);

/** The session with its next secret, or undefined where the secret is not the newest: a token that was used before may be stolen. */
export function rotate(session: Session, secret: string, next: string, at: Date): Session | undefined {
  return isCurrent(session, secret, at) ? renewed(session, next, at) : undefined;
}

export function isCurrent({ secretHash, expiresAt }: Session, secret: string, at: Date): boolean {
  return secretHash === sha256(secret) && at < new Date(expiresAt);
}

const renewed = (session: Pick<Session, 'id' | 'userId' | 'createdAt'>, secret: string, at: Date): Session => ({
  id: session.id,
  userId: session.userId,
  createdAt: session.createdAt,
  secretHash: sha256(secret),
  expiresAt: new Date(at.getTime() + REST_SECONDS * 1_000).toISOString(),
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
