import { routes, type Routes } from '@sidecart/chassis/routes';
import { JwkSet } from '@sidecart/contracts/access-token';
import type { Keys } from './keys.js';

/** Shorter than the lead time of a new key, so that caches have it before it signs. */
const MAX_AGE_SECONDS = 30;

/** The public keys, for anyone who verifies access tokens. */
export function keyRoutes({ keySet }: Keys): Routes {
  const keys = routes('keys');

  keys.get(
    '/.well-known/jwks.json',
    { summary: 'Returns the public keys of access tokens as a JSON Web Key Set.', access: 'public', rows: [3], reply: JwkSet },
    ({ res }) => {
      res.setHeader('cache-control', `public, max-age=${MAX_AGE_SECONDS}`);
      return keySet();
    },
  );

  return keys;
}
