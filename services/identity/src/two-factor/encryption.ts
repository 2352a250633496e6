import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import type { TwoFactorKeys } from './settings.js';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export type Encryption = ReturnType<typeof createEncryption>;

/** Returns an initialization vector, to be used once. */
export const newIv = (): Buffer => randomBytes(IV_BYTES);

/**
 * Encrypts the secrets of authenticator apps, so that reading the state store is not enough to
 * produce their codes.
 */
export function createEncryption([newest, ...older]: TwoFactorKeys) {
  const keys = new Map([newest, ...older].map((key) => [nameOf(key), key]));

  return {
    /**
     * Returns `<name of the key>.<iv>.<ciphertext>.<tag>`, which can be decrypted for this account
     * only.
     */
    encrypt(userId: string, secret: string, iv: Buffer): string {
      const cipher = createCipheriv(CIPHER, newest, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(userId));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return [nameOf(newest), ...[iv, text, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
    },

    /**
     * Throws `unavailable` if the key is missing or the text was not encrypted for this account.
     */
    decrypt(userId: string, encrypted: string): string {
      const [name = '', ...parts] = encrypted.split('.');
      const [iv = '', text = '', tag = ''] = parts;
      const key = keys.get(name);
      if (!key) throw unreadable();
      try {
        const decipher = createDecipheriv(CIPHER, key, Buffer.from(iv, 'base64url'), { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(userId)).setAuthTag(Buffer.from(tag, 'base64url'));
        return decipher.update(text, 'base64url', 'utf8') + decipher.final('utf8');
      } catch {
        throw unreadable();
      }
    },
  };
}

const nameOf = (key: Buffer): string => createHash('sha256').update(key).digest('base64url').slice(0, 8);

const unreadable = () =>
  new DomainError('unavailable', 'app-codes-unreadable', 'Codes from your app cannot be checked at the moment. Enter a recovery code.', {
    retryAfter: 60,
  });
