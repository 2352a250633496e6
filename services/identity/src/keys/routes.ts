import { JwkSet } from '@sidecart/chassis/auth';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { z } from 'zod';
import type { Keys } from './keys.js';

/** Caches must have forgotten the set before a new key signs. */
const MAX_AGE_SECONDS = 30;

/** The public keys, for whoever verifies access tokens. */
export function keyRoutes({ keySet }: Keys): Routes {
  const keys = routes('keys');

  keys.get(
    '/.well-known/jwks.json',
    { summary: 'The public keys of access tokens, as a JSON Web Key Set.', access: 'public', rows: [3], reply: JwkSet },
    ({ res }) => {
      res.setHeader('cache-control', `public, max-age=${MAX_AGE_SECONDS}`);
      return keySet();
    },
  );

  keys.post(
    '/internal/keys',
    { summary: 'The same for other services.', access: 'internal', body: z.strictObject({}), reply: JwkSet },
    () => keySet(),
  );

  return keys;
}
