import { Digits } from '../accounts/values.js';
import { createEncryption } from './encryption.js';
import type { TwoFactorKeys } from './settings.js';
import { unconfirmed, useRecoveryCode, useTotp, type TwoFactor } from './two-factor.js';

export type AppCodes = ReturnType<typeof createAppCodes>;

/** Whose secret to encrypt, with which initialization vector. */
interface Encrypting {
  userId: string;
  iv: Buffer;
}

/** Checks codes of authenticator apps, whose secrets are encrypted at rest. */
export function createAppCodes(keys: TwoFactorKeys) {
  const encryption = createEncryption(keys);

  /**
   * Returns the factor with the code used up and the secret encrypted with the newest key, or
   * `undefined` if the code is wrong or was already used. Throws `unavailable` if the secret cannot
   * be decrypted.
   */
  function use({ userId, iv }: Encrypting, factor: TwoFactor, code: string, now: Date): TwoFactor | undefined {
    const secret = encryption.decrypt(userId, factor.encryptedSecret);
    const used = useTotp(factor, secret, code, now);
    return used && { ...used, encryptedSecret: encryption.encrypt(userId, secret, iv) };
  }

  return {
    propose: ({ userId, iv }: Encrypting, secret: string): TwoFactor => unconfirmed(encryption.encrypt(userId, secret, iv)),
    use,
    /** Like `use`, for a code of the app or a recovery code. They are told apart by their form. */
    useAny: (encrypting: Encrypting, factor: TwoFactor, code: string, now: Date): TwoFactor | undefined =>
      Digits.safeParse(code).success ? use(encrypting, factor, code, now) : useRecoveryCode(factor, code),
  };
}
