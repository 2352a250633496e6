import { generateKeyPairSync } from 'node:crypto';
import { AUDIENCE, ISSUER, TOKEN_TYPE, type JwkSet, type User } from '@sidecart/contracts/access-token';
import jwt from 'jsonwebtoken';

/** Creates a key, and access tokens signed with it as identity signs them. */
export function createTokens(): { keySet: JwkSet; token: (user: User, expiresIn?: number) => string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });
  return {
    keySet: { keys: [{ ...jwk, kid: 'test', kty: 'EC', alg: 'ES256', use: 'sig' }] },
    /** `expiresIn` is in seconds, and negative for an expired token. */
    token: ({ id, role, permissions, email, name, verified, sessionId }, expiresIn = 900) =>
      jwt.sign({ role, permissions, email, name, verified, sid: sessionId }, privateKey, {
        algorithm: 'ES256',
        keyid: 'test',
        header: { alg: 'ES256', typ: TOKEN_TYPE },
        issuer: ISSUER,
        audience: AUDIENCE,
        subject: id,
        expiresIn,
      }),
  };
}

/** A customer, with `change` applied. */
export const aUser = (change: Partial<User> = {}): User => ({
  id: 'ann',
  role: 'customer',
  permissions: [],
  email: 'ann@example.com',
  name: 'Ann',
  verified: true,
  sessionId: 'session-1',
  ...change,
});
