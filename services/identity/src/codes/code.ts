import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { epochOf, type InEpoch } from '../accounts/epoch.js';

export const CODE_SECONDS = 15 * 60;
const TRIES = 5;

export const PURPOSES = ['verify-email', 'reset-password', 'change-email', 'change-phone', 'second-factor'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** What was sent to prove something once: six digits to type, and a secret for a link. Neither is kept. */
export interface Code extends InEpoch {
  purpose: Purpose;
  /** Whose it is: an account's id, or a name for an address without one. */
  holder: string;
  /** The address or number that it was sent to; of a second factor, the sign-in that asked for it. */
  target: string;
  salt: string;
  digitsHash: string;
  linkHash: string;
  triesLeft: number;
  expiresAt: string;
}

export interface Secrets {
  digits: string;
  link: string;
  salt: string;
}

/** What somebody shows: the digits, or the link's secret. */
export type Proof = { digits: string } | { link: string };

export const Digits = z
  .string()
  .regex(/^\d{6}$/, 'six digits')
  .meta({ examples: ['402817'] });
/** `<holder>.<secret>` */
export const LinkToken = z
  .string()
  .regex(/^[\w-]{1,64}\.[\w-]{43}$/, 'not a token of a link')
  .meta({ examples: ['5b1f7c7e-2f0a-4c39-9d6e-1a8f3b2c4d5e.75uPeE6VB9b7Hm3sZjvZA2LBKWABTJPDPqpWsjmMcao'] });

export const newSecrets = (): Secrets => ({
  digits: String(randomInt(1_000_000)).padStart(6, '0'),
  link: randomBytes(32).toString('base64url'),
  salt: randomBytes(16).toString('base64url'),
});

export function newCode(about: Pick<Code, 'purpose' | 'holder' | 'target' | 'epoch'>, { digits, link, salt }: Secrets, at: Date): Code {
  const { purpose, holder, target } = about; // and nothing more of what it is made from
  const unproved = { purpose, holder, target, salt };
  return {
    ...unproved,
    epoch: epochOf(about),
    digitsHash: hash(unproved, digits),
    linkHash: hash(unproved, link),
    triesLeft: TRIES,
    expiresAt: new Date(at.getTime() + CODE_SECONDS * 1_000).toISOString(),
  };
}

/** Whether it proves what it should. */
export function proves(code: Code, proof: Proof, at: Date): boolean {
  if (at >= new Date(code.expiresAt)) return false;
  return 'link' in proof
    ? same(hash(code, proof.link), code.linkHash)
    : code.triesLeft > 0 && same(hash(code, proof.digits), code.digitsHash);
}

/** The code after a wrong guess. Nobody guesses a link, so that its secret stays good when the digits do not. */
export const guessed = (code: Code, proof: Proof): Code =>
  'link' in proof ? code : { ...code, triesLeft: Math.max(0, code.triesLeft - 1) };

const hash = ({ purpose, holder, target, salt }: Pick<Code, 'purpose' | 'holder' | 'target' | 'salt'>, secret: string) =>
  createHmac('sha256', salt)
    .update(JSON.stringify([purpose, holder, target, secret]))
    .digest('base64url');

const same = (a: string, b: string) => timingSafeEqual(Buffer.from(a), Buffer.from(b));
