import { createVerifier } from '@sidecart/chassis/auth';
import type { Documents } from '@sidecart/chassis/documents';
import { createFiles } from '@sidecart/chassis/files';
import type { App, Deps } from '@sidecart/chassis/service';
import type { Mail, Sms } from '@sidecart/contracts/notifications';
import { ensureAdmin } from './accounts/first-admin.js';
import { createPasswords, type Passwords } from './accounts/hashing.js';
import { createMessages } from './codes/messages.js';
import { createCodeSender } from './codes/sender.js';
import { verificationRoutes } from './codes/verification-routes.js';
import type { Settings } from './config.js';
import { keyCalls } from './keys/calls.js';
import { createKeys, KEY_TIMES } from './keys/keys.js';
import { keyRoutes } from './keys/routes.js';
import { watchKeys } from './keys/watch.js';
import { createLimits } from './limits/limits.js';
import { noStoreRoutes } from './no-store-routes.js';
import { addressRoutes } from './own-data/address-routes.js';
import { ownDataRoutes } from './own-data/data-routes.js';
import { emailRoutes } from './own-data/email-routes.js';
import { phoneRoutes } from './own-data/phone-routes.js';
import { createDropPicture } from './own-data/picture-files.js';
import { pictureRoutes } from './own-data/picture-routes.js';
import { profileRoutes } from './own-data/profile-routes.js';
import { linkRoutes } from './providers/link-routes.js';
import { createLinking } from './providers/linking.js';
import { createProviders } from './providers/providers.js';
import { providerRoutes } from './providers/routes.js';
import { tokenRoutes } from './sessions/routes.js';
import { passwordRoutes } from './sign-in/password-routes.js';
import { registerRoutes } from './sign-in/register-routes.js';
import { signInRoutes } from './sign-in/routes.js';
import { secondFactorRoutes } from './sign-in/second-factor-routes.js';
import { sessionRoutes } from './sign-in/session-routes.js';
import { createSignIn } from './sign-in/sign-in.js';
import { createStepUp } from './sign-in/step-up.js';
import { twoFactorRoutes } from './sign-in/two-factor-routes.js';
import { auditRoutes } from './staff/audit-routes.js';
import { staffRoutes } from './staff/routes.js';
import { twoFactorResetRoutes } from './staff/two-factor-routes.js';
import { createUserIndex } from './staff/user-index.js';
import { ownSubscriptions } from './subscriptions.js';
import { createAppCodes } from './two-factor/app-codes.js';

export interface IdentityDeps extends Deps<Settings> {
  documents: Documents;
  sendMail: (mail: Mail) => Promise<unknown>;
  sendSms: (sms: Sms) => Promise<unknown>;
  keyTimes?: typeof KEY_TIMES;
  /** By default those that the settings describe. */
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
  const passwords = deps.passwords ?? passwordsOf(settings);
  if (await ensureAdmin({ settings, store }, passwords)) logger.info({ email: settings.ADMIN_EMAIL }, 'admin created');
  const { post, drain } = createMessages({ sendMail, sendSms, logger });
  const limits = createLimits(settings);
  const codes = createCodeSender({ store, post, limits, pages: settings.ACCOUNT_PAGES });
  const signIn = createSignIn({ settings, keys });
  const appCodes = createAppCodes(settings.TWO_FACTOR_KEYS);
  const stepUp = createStepUp({ store, passwords, appCodes });
  const dropPicture = createDropPicture({ store, files });
  const providers = createProviders({ settings, logger });
  const linking = createLinking({ store, stepUp });
  return {
    routes: [
      noStoreRoutes(),
      registerRoutes({ store, passwords, codes, post, limits }),
      verificationRoutes({ store, codes }),
      signInRoutes({ store, passwords, signIn }),
      secondFactorRoutes({ store, signIn, post, limits, appCodes }),
      twoFactorRoutes({ store, signIn, stepUp, appCodes }),
      passwordRoutes({ store, passwords, stepUp, codes }),
      sessionRoutes({ store, stepUp }),
      tokenRoutes({ store, keys, verify, needsTwoFactor: signIn.needsTwoFactor, days: settings.SESSION_DAYS }),
      providerRoutes({ providers, store, signIn, linking }),
      linkRoutes({ providers, store, linking }),
      profileRoutes(store),
      emailRoutes({ store, stepUp, post, limits }),
      phoneRoutes({ store, stepUp, post, limits }),
      addressRoutes(store),
      pictureRoutes({ store, files, logger }),
      ownDataRoutes({ store, dropPicture, stepUp }),
      staffRoutes({ store, dropPicture, index }),
      twoFactorResetRoutes(store),
      auditRoutes(store),
      keyRoutes(keys),
      keyCalls(keys),
    ],
    subscriptions: ownSubscriptions({ index, dropPicture, logger }),
    verify,
    close: async () => {
      stopWatching();
      await drain();
      await documents.close();
    },
  };
}

const passwordsOf = ({ PASSWORD_MEMORY_KIB: memoryKiB, PASSWORD_PASSES: passes, PASSWORD_QUEUE: maxWaiting }: Settings): Passwords =>
  createPasswords({ memoryKiB, passes, maxWaiting });
