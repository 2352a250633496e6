import { put } from '@sidecart/chassis/state';
import type { Answer } from '@sidecart/testing/app';
import { Secret, TOTP } from 'otpauth';
import { twoFactorKey } from '../src/two-factor/two-factor.js';
import { PASSWORD, type Identity } from './identity.js';

export const codeOf = (secret: string, timestamp = Date.now()) => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
export const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

export interface Careful {
  email: string;
  id: string;
  /** The secret that the authenticator app shares. */
  secret: string;
  recoveryCodes: string[];
  /** A request with an access token from before the second factor was set up. */
  ask: (method: string, path: string, body?: unknown) => Promise<Answer>;
  /** Forgets which codes of the app were taken, so that a test need not wait 30 seconds for the next one. */
  forgetSteps: () => Promise<void>;
}

/** Registers an account, proves its address and turns two factors on. */
export async function careful(identity: Identity, email: string): Promise<Careful> {
  const { body } = await identity.registerProved(email);
  const ask: Careful['ask'] = (method, path, sent) => identity.withToken(body.accessToken, method, path, sent);
  const { body: setup } = await ask('POST', '/api/auth/2fa', { password: PASSWORD });
  const { body: confirmed } = await ask('POST', '/api/auth/2fa/confirm', { code: codeOf(setup.secret) });
  const at = twoFactorKey(body.user.id);
  const forgetSteps = () =>
    identity.store.transact([at], (docs) => {
      const factor = docs.get(at);
      return { write: factor ? [put(at, { ...factor, lastStep: 0 })] : [], result: undefined };
    });
  await forgetSteps();
  return { email, id: body.user.id, secret: setup.secret, recoveryCodes: confirmed.recoveryCodes, ask, forgetSteps };
}
