import { createVerifier } from '@sidecart/chassis/auth';
import type { App, Deps } from '@sidecart/chassis/service';
import { addressRoutes } from './addresses/routes.js';
import { ensureAdmin } from './accounts/admin.js';
import type { Settings } from './config.js';
import { keyRoutes } from './keys/routes.js';
import { createKeys } from './keys/keys.js';
import { createPasswords } from './passwords/hashing.js';
import { providerRoutes } from './providers/routes.js';
import { signInRoutes } from './sign-in/routes.js';
import { tokenRoutes } from './sessions/routes.js';
import { userRoutes } from './accounts/routes.js';

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
  const all = [
    signInRoutes({ store, passwords, keys }),
    tokenRoutes({ store, keys, verify }),
    userRoutes(store),
    addressRoutes(store),
    keyRoutes(keys),
    providerRoutes({ settings, store, keys, logger }),
  ];
  return { routes: all, verify };
}
