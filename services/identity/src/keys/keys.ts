import { createPrivateKey } from 'node:crypto';
import { ISSUER, type JwkSet } from '@sidecart/chassis/auth';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { User } from '../accounts/user.js';

const PrivateKey = z
  .looseObject({ kid: z.string().min(1), kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), d: z.string() })
  .refine(isKey, 'not a private key on P-256');

export const SigningKeySet = z.object({ keys: z.tuple([PrivateKey], PrivateKey) });
export type SigningKeySet = z.infer<typeof SigningKeySet>;

export const ACCESS_TOKEN_SECONDS = 15 * 60;

export type Keys = ReturnType<typeof createKeys>;

/** Signs access tokens with the first key, and has the public half of all of them. */
export function createKeys({ keys }: SigningKeySet) {
  const [{ kid, ...first }] = keys;
  const signing = createPrivateKey({ key: first, format: 'jwk' });
  const keySet: JwkSet = { keys: keys.map(({ kid, kty, crv, x, y }) => ({ kid, kty, crv, x, y, alg: 'ES256', use: 'sig' })) };

  function accessToken({ id, role, permissions, email, name, verified }: User, sessionId: string): string {
    const claims = { role, permissions, email, name, verified, sid: sessionId };
    return jwt.sign(claims, signing, {
      algorithm: 'ES256',
      keyid: kid,
      issuer: ISSUER,
      subject: id,
      expiresIn: ACCESS_TOKEN_SECONDS,
    });
  }

  return { keySet, accessToken };
}

function isKey(jwk: Record<string, unknown>): boolean {
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' }).type === 'private';
  } catch {
    return false;
  }
}
