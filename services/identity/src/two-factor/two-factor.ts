import { createHash, randomBytes, randomInt } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

/** A person's second factor. */
export interface TwoFactor {
  /** The secret that is shared with the app, encrypted. */
  encryptedSecret: string;
  /** When a first code proved that the app has it; until then it asks for nothing. */
  confirmedAt: string | null;
  /** The last time step whose code was taken: each is good once. */
  lastStep: number;
  /** SHA-256 of the recovery codes that are left: 80 random bits need no slow hash. */
  recovery: string[];
}

const STEP_SECONDS = 30;
/** Clocks may differ by one step. */
const WINDOW = 1;
const RECOVERY_CODES = 10;
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

const totp = (secret: string, label: string) =>
  new TOTP({ issuer: 'Sidecart', label, algorithm: 'SHA1', digits: 6, period: STEP_SECONDS, secret: Secret.fromBase32(secret) });

/** In base 32. */
export const newSecret = (): string => new Secret({ buffer: new Uint8Array(randomBytes(20)).buffer }).base32;

/** What the app reads from the QR code. */
export const otpauthUrl = (secret: string, email: string): string => totp(secret, email).toString();

export const proposed = (encryptedSecret: string): TwoFactor => ({ encryptedSecret, confirmedAt: null, lastStep: 0, recovery: [] });

/** What is left after a code of the app was taken, or undefined where it is wrong or was taken before. */
export function takeTotp(factor: TwoFactor, secret: string, code: string, at: Date): TwoFactor | undefined {
  const timestamp = at.getTime();
  const delta = totp(secret, '').validate({ token: code, timestamp, window: WINDOW });
  if (delta === null) return undefined;
  const step = Math.floor(timestamp / 1_000 / STEP_SECONDS) + delta;
  return step > factor.lastStep ? { ...factor, lastStep: step } : undefined;
}

/** What is left after a recovery code was taken, or undefined where there is no such code any more. */
export function takeRecovery(factor: TwoFactor, code: string): TwoFactor | undefined {
  const hash = hashed(code);
  return factor.recovery.includes(hash) ? { ...factor, recovery: factor.recovery.filter((each) => each !== hash) } : undefined;
}

/** Ten codes, to be shown once: `ab2d-9xkm-...`. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: RECOVERY_CODES }, () =>
    Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('')).join('-'),
  );

export const withRecovery = (factor: TwoFactor, codes: readonly string[]): TwoFactor => ({ ...factor, recovery: codes.map(hashed) });

const hashed = (code: string) =>
  createHash('sha256')
    .update(code.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
    .digest('base64url');
