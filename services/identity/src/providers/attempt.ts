import { createHash, randomBytes } from 'node:crypto';
import type { InEpoch } from '../accounts/epoch.js';

/** So long may a person take at the provider. */
export const ATTEMPT_SECONDS = 10 * 60;
/** So long may the client take to fetch the tokens. */
export const TICKET_SECONDS = 60;

/** A sign-in under way at a provider, kept under the hash of its `state` and gone when the browser comes back. */
export interface Attempt {
  provider: string;
  nonce: string;
  /** Of PKCE towards the provider. */
  verifier: string;
  /** SHA-256 of the cookie of the browser that began it: nobody else can end it. */
  browserHash: string;
  /** Where the browser goes afterwards, and what the client must prove to get the tokens there. */
  back: { address: string; challenge: string } | null;
  /** The account that the identity is to be linked to, if this is no sign-in. */
  linkTo: string | null;
  /** The session that asked for the link. */
  sessionId?: string;
  expiresAt: string;
}

/** A sign-in that has come back: whoever has its code and the client's own secret gets the tokens, once. */
export interface Ticket extends InEpoch {
  userId: string;
  challenge: string;
  expiresAt: string;
}

export interface Beginning extends Pick<Attempt, 'provider' | 'back' | 'linkTo' | 'sessionId'> {
  /** The cookie of the browser that begins it. */
  browser: string;
}

/** A new attempt, and the `state` that it is kept under. */
export function newAttempt({ browser, ...about }: Beginning, now: Date): { state: string; attempt: Attempt } {
  const made = { nonce: secret(), verifier: secret(), browserHash: sha256(browser), expiresAt: inSeconds(ATTEMPT_SECONDS, now) };
  return { state: secret(), attempt: { ...about, ...made } };
}

/** 256 bits that nobody can guess. */
export const secret = (): string => randomBytes(32).toString('base64url');

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

export const isOver = ({ expiresAt }: { expiresAt: string }, at: Date): boolean => at >= new Date(expiresAt);

export const inSeconds = (seconds: number, at: Date): string => new Date(at.getTime() + seconds * 1_000).toISOString();
