import { createVerifier } from '@sidecart/chassis/auth';
import type { Documents } from '@sidecart/chassis/documents';
import { createFiles } from '@sidecart/chassis/files';
import type { App, Deps } from '@sidecart/chassis/service';
import type { Mail, Sms } from '@sidecart/contracts/notifications';
import { addressRoutes } from './addresses/routes.js';
import { emailRoutes } from './accounts/email-routes.js';
import { phoneRoutes } from './accounts/phone-routes.js';
import { ensureAdmin } from './accounts/admin.js';
import type { Settings } from './config.js';
import { auditRoutes } from './audit/routes.js';
import { keyRoutes } from './keys/routes.js';
import { createKeys, KEY_TIMES } from './keys/keys.js';
import { watchKeys } from './keys/watch.js';
import { createMails } from './mails.js';
import { noStore } from './no-store.js';
import { createPasswords, type Passwords } from './passwords/hashing.js';
import { ownDataRoutes } from './own-data/routes.js';
import { createDropPicture } from './pictures/drop.js';
import { pictureRoutes } from './pictures/routes.js';
import { providerRoutes } from './providers/routes.js';
import { passwordRoutes } from './passwords/routes.js';
import { deviceRoutes } from './sessions/device-routes.js';
import { registerRoutes } from './sign-in/register-routes.js';
import { createSignIn } from './sign-in/sign-in.js';
import { signInRoutes } from './sign-in/routes.js';
import { createStepUp } from './sign-in/step-up.js';
import { tokenRoutes } from './sessions/routes.js';
import { createAppCodes } from './two-factor/app-codes.js';
import { twoFactorRoutes } from './two-factor/routes.js';
import { verifyRoutes } from './two-factor/verify-routes.js';
import { userRoutes } from './accounts/routes.js';
import { staffRoutes } from './staff/routes.js';
import { twoFactorResetRoutes } from './staff/two-factor-routes.js';
import { createUserIndex } from './staff/user-index.js';
import { createLimits } from './throttle/limits.js';
import { ownSubscriptions } from './subscriptions.js';
import { verificationRoutes } from './verification/routes.js';
import { createCodeSender } from './verification/sender.js';

export interface IdentityDeps extends Deps<Settings> {
  documents: Documents;
  sendMail: (mail: Mail) => Promise<unknown>;
  sendSms: (sms: Sms) => Promise<unknown>;
  keyTimes?: typeof KEY_TIMES;
  /** By the settings, if missing. */
  passwords?: Passwords;
}

export async function createApp(deps: IdentityDeps): Promise<App> {
  const { settings, documents, logger, sendMail, sendSms, keyTimes = KEY_TIMES } = deps;
  const index = await createUserIndex({ documents, store: deps.store, logger });
  await index.ensure();
  const store = index.following;
  const files = createFiles(deps.dapr);
  const keys = createKeys(settings.SIGNING_KEYS, keyTimes);
  const stopWatching = watchKeys(deps, keys, keyTimes);
  const verify = createVerifier({ keySet: async () => keys.keySet() });
  const passwords =
    deps.passwords ??
    createPasswords({
      memoryKiB: settings.PASSWORD_MEMORY_KIB,
      passes: settings.PASSWORD_PASSES,
      maxWaiting: settings.PASSWORD_QUEUE,
    });
  if (await ensureAdmin({ settings, store }, passwords)) logger.info({ email: settings.ADMIN_EMAIL }, 'admin made');
  const { post, settled } = createMails({ sendMail, sendSms, logger });
  const limits = createLimits(settings);
  const codes = createCodeSender({ store, post, limits, pages: settings.ACCOUNT_PAGES });
  const signIn = createSignIn({ settings, keys });
  const dropPicture = createDropPicture({ store, files });
  const appCodes = createAppCodes(settings.TWO_FACTOR_KEYS);
  const stepUp = createStepUp({ store, passwords, appCodes });
  const all = [
    noStore(), // the first: it holds for those after it
    registerRoutes({ store, passwords, codes, post, limits }),
    verificationRoutes({ store, codes }),
    signInRoutes({ store, passwords, signIn }),
    providerRoutes({ settings, store, signIn, stepUp, logger }),
    tokenRoutes({ store, keys, signIn, verify, days: settings.SESSION_DAYS }),
    verifyRoutes({ store, signIn, post, limits, appCodes }),
    twoFactorRoutes({ store, signIn, stepUp, appCodes }),
    deviceRoutes({ store, stepUp }),
    emailRoutes({ store, stepUp, post, limits }),
    phoneRoutes({ store, stepUp, post, limits }),
    passwordRoutes({ store, passwords, stepUp, codes }),
    userRoutes(store),
    ownDataRoutes({ store, dropPicture, stepUp }),
    addressRoutes(store),
    pictureRoutes({ store, files, logger }),
    staffRoutes({ store, dropPicture, index }),
    twoFactorResetRoutes(store),
    auditRoutes(store),
    keyRoutes(keys),
  ];
  return {
    routes: all,
    subscriptions: ownSubscriptions({ index, dropPicture, logger }),
    verify,
    close: async () => {
      stopWatching();
      await settled();
      await documents.close();
    },
  };
}
