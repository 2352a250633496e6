import { JwkSet } from '@sidecart/chassis/auth';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { z } from 'zod';
import type { Keys } from './keys.js';

/** The public keys, for other services. */
export function keyCalls({ keySet }: Keys): Routes {
  const keys = routes('keys');

  keys.post(
    '/internal/keys',
    { summary: 'Returns the public keys to other services.', access: 'internal', body: z.strictObject({}), reply: JwkSet },
    () => keySet(),
  );

  return keys;
}
