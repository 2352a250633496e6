/** SIGNING_KEYS, the secret that tokens are signed with: a JSON Web Key Set, or one private key as PEM, as Helm makes it. */
import { createHash, createPrivateKey } from 'node:crypto';

/** The set as it stands in the secret, not checked further. A PEM key's `kid` is its thumbprint (RFC 7638). Throws on neither. */
export function parseSigningKeys(text: string): unknown {
  if (!text.startsWith('-----BEGIN')) return JSON.parse(text);
  const { kty, crv, x, y, d } = createPrivateKey(text).export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { keys: [{ kid, kty, crv, x, y, d, alg: 'ES256', use: 'sig' }] };
}
