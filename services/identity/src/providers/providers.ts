import { found } from '@sidecart/chassis/errors';
import type { Logger } from '@sidecart/chassis/logger';
import type { Attempt } from './attempt.js';
import { createBrowserCookie } from './browser.js';
import { createProvider, type Provider } from './provider.js';
import { returnAddress } from './return-to.js';
import type { ProviderSettings } from './settings.js';

export interface ProvidersOptions {
  settings: { PUBLIC_URL: string; RETURN_ORIGINS: string[]; OIDC_PROVIDERS: ProviderSettings[] };
  logger: Logger;
}

export type Providers = ReturnType<typeof createProviders>;

/** The configured providers, and what all of them share. */
export function createProviders({ settings, logger }: ProvidersOptions) {
  const { origin } = new URL(settings.PUBLIC_URL);
  const origins = [origin, ...settings.RETURN_ORIGINS];
  const all = settings.OIDC_PROVIDERS.map((each) =>
    createProvider({ settings: each, redirectUri: `${origin}/api/auth/${each.name}/callback`, logger }),
  );

  return {
    all,
    /** Throws `missing`. */
    named: (name: string): Provider =>
      found(
        all.find((each) => each.name === name),
        'The provider',
      ),
    cookie: createBrowserCookie(origin),
    /** Throws `invalid` for an address that browsers may not be sent back to. */
    backTo: (returnTo: string | undefined, challenge: string): Attempt['back'] =>
      returnTo === undefined ? null : { address: returnAddress(returnTo, origins), challenge },
  };
}
