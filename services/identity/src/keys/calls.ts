import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { PublicKeys } from '@sidecart/contracts/access-token';
import type { Keys } from './keys.js';

/** The public keys, for other services. */
export function keyCalls({ keySet }: Keys): Routes {
  const keys = routes('keys');
  serve(keys, PublicKeys, async () => keySet());
  return keys;
}
