/**
 * SIGNING_KEYS, the secret that signs tokens: a JSON Web Key Set, or one private key in PEM format,
 * as Helm generates it.
 */
import { createHash, createPrivateKey } from 'node:crypto';

/**
 * Returns the key set, unchecked. The `kid` of a PEM key is its thumbprint (RFC 7638). Throws if
 * the text is neither JSON nor a PEM key.
 */
export function parseSigningKeys(text: string): unknown {
  if (!text.startsWith('-----BEGIN')) return JSON.parse(text);
  const { kty, crv, x, y, d } = createPrivateKey(text).export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { keys: [{ kid, kty, crv, x, y, d, alg: 'ES256', use: 'sig' }] };
}
