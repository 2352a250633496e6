import { createHash, randomBytes } from 'node:crypto';
import type { InEpoch } from '../accounts/epoch.js';

/** How long a person may take at the provider. */
export const ATTEMPT_SECONDS = 10 * 60;
/** How long a client may take to fetch the tokens. */
export const TICKET_SECONDS = 60;

/**
 * A sign-in or link in progress at a provider. It is stored under the hash of its `state`, and
 * deleted when the browser returns.
 */
export interface Attempt {
  provider: string;
  nonce: string;
  /** For PKCE with the provider. */
  verifier: string;
  /** SHA-256 of the cookie of the browser that started it. No other browser can complete it. */
  browserHash: string;
  /**
   * Where to send the browser afterwards, and the challenge that the client has to meet to get the
   * tokens there.
   */
  back: { address: string; challenge: string } | null;
  /** The account to link the identity to, or null for a sign-in. */
  linkTo: string | null;
  /** The session that asked for the link. */
  sessionId?: string;
  expiresAt: string;
}

/**
 * A completed sign-in whose tokens were not fetched yet. They go, once, to the client that has its
 * code and the verifier of the challenge.
 */
export interface Ticket extends InEpoch {
  userId: string;
  challenge: string;
  expiresAt: string;
}

export interface NewAttempt extends Pick<Attempt, 'provider' | 'back' | 'linkTo' | 'sessionId'> {
  /** The cookie of the browser that starts it. */
  browser: string;
}

/** Returns a new attempt, and the `state` to send to the provider. */
export function newAttempt({ browser, ...fields }: NewAttempt, now: Date): { state: string; attempt: Attempt } {
  const secrets = { nonce: secret(), verifier: secret(), browserHash: sha256(browser) };
  return { state: secret(), attempt: { ...fields, ...secrets, expiresAt: inSeconds(ATTEMPT_SECONDS, now) } };
}

/** Returns 256 random bits. */
export const secret = (): string => randomBytes(32).toString('base64url');

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

export const hasExpired = ({ expiresAt }: { expiresAt: string }, now: Date): boolean => now >= new Date(expiresAt);

export const inSeconds = (seconds: number, from: Date): string => new Date(from.getTime() + seconds * 1_000).toISOString();
