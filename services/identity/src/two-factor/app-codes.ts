import { Digits } from '../codes/code.js';
import { createEncryption, type TwoFactorKeys } from './encryption.js';
import { proposed, takeRecovery, takeTotp, type TwoFactor } from './two-factor.js';

export type AppCodes = ReturnType<typeof createAppCodes>;

/** Whose factor it is, and the iv for its secret. */
interface Whose {
  userId: string;
  iv: Buffer;
}

/** Factors whose secret is encrypted wherever it is kept. */
export function createAppCodes(keys: TwoFactorKeys) {
  const encryption = createEncryption(keys);

  /**
   * What is left after a code of the app was taken, encrypted with the newest key, or undefined where the code is wrong or was taken before.
   * Throws `unavailable` where the secret cannot be decrypted.
   */
  function take({ userId, iv }: Whose, factor: TwoFactor, code: string, at: Date): TwoFactor | undefined {
    const secret = encryption.decrypt(userId, factor.encryptedSecret);
    const left = takeTotp(factor, secret, code, at);
    return left && { ...left, encryptedSecret: encryption.encrypt(userId, secret, iv) };
  }

  return {
    propose: ({ userId, iv }: Whose, secret: string): TwoFactor => proposed(encryption.encrypt(userId, secret, iv)),
    take,
    /** The same for a code of the app or a recovery code, whichever it looks like. */
    takeAny: (whose: Whose, factor: TwoFactor, code: string, at: Date): TwoFactor | undefined =>
      Digits.safeParse(code).success ? take(whose, factor, code, at) : takeRecovery(factor, code),
  };
}
