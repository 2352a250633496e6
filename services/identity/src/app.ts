import { createVerifier } from '@sidecart/chassis/auth';
import type { App, Deps } from '@sidecart/chassis/service';
import { ensureAdmin } from './admin.js';
import type { Settings } from './config.js';
import { keyRoutes } from './key-routes.js';
import { createKeys } from './keys.js';
import { createPasswords } from './passwords.js';
import { signInRoutes } from './sign-in-routes.js';
import { tokenRoutes } from './token-routes.js';
import { userRoutes } from './user-routes.js';

export async function createApp(deps: Deps<Settings>): Promise<App> {
  const { settings, store, logger } = deps;
  const keys = createKeys(settings.SIGNING_KEYS);
  const verify = createVerifier({ keySet: async () => keys.keySet });
  const passwords = createPasswords({
    memoryKiB: settings.PASSWORD_MEMORY_KIB,
    passes: settings.PASSWORD_PASSES,
    maxWaiting: settings.PASSWORD_QUEUE,
  });
  if (await ensureAdmin(deps, passwords)) logger.info({ email: settings.ADMIN_EMAIL }, 'admin made');
  const all = [signInRoutes({ store, passwords, keys }), tokenRoutes({ store, keys, verify }), userRoutes(store), keyRoutes(keys)];
  return { routes: all, verify };
}
