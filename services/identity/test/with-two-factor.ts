import { put } from '@sidecart/chassis/state';
import type { Answer } from '@sidecart/testing/app';
import { Secret, TOTP } from 'otpauth';
import { twoFactorKey } from '../src/two-factor/two-factor.js';
import { PASSWORD, type Identity } from './identity.js';

export const codeOf = (secret: string, timestamp = Date.now()) => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
export const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

export interface TwoFactorAccount {
  email: string;
  id: string;
  /** The secret of the authenticator app. */
  secret: string;
  recoveryCodes: string[];
  /** Sends a request with an access token from before the second factor was set up. */
  ask: (method: string, path: string, body?: unknown) => Promise<Answer>;
  /**
   * Allows used codes of the app again, so that a test need not wait 30 seconds for the next one.
   */
  forgetSteps: () => Promise<void>;
}

/** Registers an account, verifies its email address and turns two-factor authentication on. */
export async function withTwoFactor(identity: Identity, email: string): Promise<TwoFactorAccount> {
  const { body } = await identity.registerVerified(email);
  const ask: TwoFactorAccount['ask'] = (method, path, sent) => identity.withToken(body.accessToken, method, path, sent);
  const { body: setup } = await ask('POST', '/api/auth/2fa', { password: PASSWORD });
  const { body: confirmed } = await ask('POST', '/api/auth/2fa/confirm', { code: codeOf(setup.secret) });
  const stored = twoFactorKey(body.user.id);
  const forgetSteps = () =>
    identity.store.transact([stored], (docs) => {
      const factor = docs.get(stored);
      return { write: factor ? [put(stored, { ...factor, lastStep: 0 })] : [], result: undefined };
    });
  await forgetSteps();
  return { email, id: body.user.id, secret: setup.secret, recoveryCodes: confirmed.recoveryCodes, ask, forgetSteps };
}
