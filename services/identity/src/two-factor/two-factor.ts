import { createHash, randomBytes, randomInt } from 'node:crypto';
import { key, type Key } from '@sidecart/chassis/state';
import { Secret, TOTP } from 'otpauth';

/** A person's second factor. */
export interface TwoFactor {
  /** The secret shared with the authenticator app, encrypted. */
  encryptedSecret: string;
  /** When a first code showed that the app has the secret. Until then the factor is not in use. */
  confirmedAt: string | null;
  /** The last time step whose code was accepted, since each code works once. */
  lastStep: number;
  /** SHA-256 of the remaining recovery codes. 79 random bits and few attempts need no slow hash. */
  recovery: string[];
}

export const twoFactorKey = (userId: string): Key<TwoFactor> => key('two-factor', userId);

const STEP_SECONDS = 30;
/** Clocks may differ by one step. */
const WINDOW = 1;
const RECOVERY_CODES = 10;
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

const totp = (secret: string, label: string) =>
  new TOTP({ issuer: 'Sidecart', label, algorithm: 'SHA1', digits: 6, period: STEP_SECONDS, secret: Secret.fromBase32(secret) });

/** Returns a random secret in base 32. */
export const newSecret = (): string => new Secret({ buffer: new Uint8Array(randomBytes(20)).buffer }).base32;

/** Returns what the app reads from the QR code. */
export const otpauthUrl = (secret: string, email: string): string => totp(secret, email).toString();

export const unconfirmed = (encryptedSecret: string): TwoFactor => ({ encryptedSecret, confirmedAt: null, lastStep: 0, recovery: [] });

/**
 * Returns the factor with the app's code used up, or `undefined` if the code is wrong or was
 * already used.
 */
export function useTotp(factor: TwoFactor, secret: string, code: string, now: Date): TwoFactor | undefined {
  const timestamp = now.getTime();
  const delta = totp(secret, '').validate({ token: code, timestamp, window: WINDOW });
  if (delta === null) return undefined;
  const step = Math.floor(timestamp / 1_000 / STEP_SECONDS) + delta;
  return step > factor.lastStep ? { ...factor, lastStep: step } : undefined;
}

/** Returns the factor without the recovery code, or `undefined` if it has no such code. */
export function useRecoveryCode(factor: TwoFactor, code: string): TwoFactor | undefined {
  const hash = hashed(code);
  return factor.recovery.includes(hash) ? { ...factor, recovery: factor.recovery.filter((each) => each !== hash) } : undefined;
}

/** Returns ten codes such as `ab2d-9xkm-p7qr-w3ef`, to be shown once. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: RECOVERY_CODES }, () =>
    Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('')).join('-'),
  );

export const withRecovery = (factor: TwoFactor, codes: readonly string[]): TwoFactor => ({ ...factor, recovery: codes.map(hashed) });

const hashed = (code: string) =>
  createHash('sha256')
    .update(code.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
    .digest('base64url');
