import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { epochOf, type InEpoch } from '../accounts/epoch.js';

export const CODE_SECONDS = 15 * 60;
const MAX_GUESSES = 5;

export const PURPOSES = ['verify-email', 'reset-password', 'change-email', 'change-phone', 'second-factor'] as const;
export type Purpose = (typeof PURPOSES)[number];

/**
 * A code that was sent to someone: six digits to type, and a secret for a link. Only hashes of both
 * are stored.
 */
export interface Code extends InEpoch {
  purpose: Purpose;
  /** The id of an account, or a stand-in for an email address without one. */
  holder: string;
  /**
   * The email address or phone number it was sent to; for a second factor, the sign-in that asked
   * for it.
   */
  target: string;
  salt: string;
  digitsHash: string;
  linkHash: string;
  triesLeft: number;
  expiresAt: string;
}

export type CodeSubject = Pick<Code, 'purpose' | 'holder' | 'target'>;

export interface Secrets {
  digits: string;
  link: string;
  salt: string;
}

/** The digits that someone typed, or the secret of the link they followed. */
export type Proof = { digits: string } | { link: string };

export const newSecrets = (): Secrets => ({
  digits: String(randomInt(1_000_000)).padStart(6, '0'),
  link: randomBytes(32).toString('base64url'),
  salt: randomBytes(16).toString('base64url'),
});

export function newCode(subject: CodeSubject & InEpoch, { digits, link, salt }: Secrets, now: Date): Code {
  const { purpose, holder, target } = subject;
  const salted = { purpose, holder, target, salt };
  return {
    ...salted,
    epoch: epochOf(subject),
    digitsHash: hash(salted, digits),
    linkHash: hash(salted, link),
    triesLeft: MAX_GUESSES,
    expiresAt: new Date(now.getTime() + CODE_SECONDS * 1_000).toISOString(),
  };
}

/** Returns whether the proof matches a code that has neither expired nor been guessed too often. */
export function matches(code: Code, proof: Proof, now: Date): boolean {
  if (now >= new Date(code.expiresAt)) return false;
  return 'link' in proof
    ? isSame(hash(code, proof.link), code.linkHash)
    : code.triesLeft > 0 && isSame(hash(code, proof.digits), code.digitsHash);
}

/**
 * Returns the code after a wrong guess. A link cannot be guessed, so it works even when the digits
 * no longer do.
 */
export const afterGuess = (code: Code, proof: Proof): Code =>
  'link' in proof ? code : { ...code, triesLeft: Math.max(0, code.triesLeft - 1) };

const hash = ({ purpose, holder, target, salt }: CodeSubject & { salt: string }, secret: string) =>
  createHmac('sha256', salt)
    .update(JSON.stringify([purpose, holder, target, secret]))
    .digest('base64url');

const isSame = (a: string, b: string) => timingSafeEqual(Buffer.from(a), Buffer.from(b));
