import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { linksKey, linksOf } from '../accounts/links.js';
import { LinkedIdentity } from '../accounts/schemas.js';
import { linkedIdentity } from '../accounts/view.js';
import { clientOf } from '../client.js';
import { recentOrStepUpFields } from '../sign-in/schemas.js';
import { stepUpProblems } from '../sign-in/step-up.js';
import type { Linking } from './linking.js';
import type { Providers } from './providers.js';
import { ByName, ReturnTo } from './schemas.js';

const LinkBody = z.strictObject({ ...recentOrStepUpFields, returnTo: ReturnTo.optional() });

const problems = {
  ...stepUpProblems,
  403: 'The password or the code is wrong or missing, the last sign-in was more than 10 minutes ago, or your account is suspended.',
};

export interface LinkRouteOptions {
  providers: Providers;
  store: Store;
  linking: Linking;
}

/** Links an account with identities at providers. */
export function linkRoutes({ providers, store, linking }: LinkRouteOptions): Routes {
  const auth = routes('auth');
  const { named, cookie, backTo } = providers;

  auth.get(
    '/api/auth/identities',
    {
      summary: 'Lists the identities at providers that can sign in to your account.',
      access: 'customer',
      rows: [7],
      reply: z.object({ data: z.array(LinkedIdentity) }),
    },
    async ({ user: { id } }) => ({ data: linksOf(await store.read(linksKey(id))).map(linkedIdentity) }),
  );

  auth.post(
    '/api/auth/:provider/link',
    {
      summary:
        'Starts linking your account with a provider. Send the same browser to the url. Needs the password or a sign-in within the last 10 minutes.',
      access: 'customer',
      rows: [7],
      params: ByName,
      body: LinkBody,
      reply: z.object({ url: z.string().meta({ examples: ['https://accounts.example.com/authorize?client_id=shop&response_type=code'] }) }),
      problems: {
        ...problems,
        403: 'The password or the code is wrong or missing, the last sign-in was too long ago, or your email address is not verified.',
        404: 'There is no such provider, or your account was deleted.',
        503: 'The provider does not respond, too many passwords are being hashed, or codes from the app cannot be checked. See Retry-After.',
      },
    },
    async ({ params, body: { returnTo, password, code }, user: caller, req, res }) => {
      const provider = named(params.provider);
      const back = backTo(returnTo, '');
      const credentials = { caller, from: clientOf(req), password, code };
      return { url: await linking.start(provider, credentials, { browser: cookie.ensure(req, res), back }) };
    },
  );

  auth.delete(
    '/api/auth/:provider/link',
    {
      summary: 'Removes the link of your account with a provider. Needs the password or a sign-in within the last 10 minutes.',
      access: 'customer',
      rows: [7],
      params: ByName,
      body: z.strictObject(recentOrStepUpFields),
      problems: { ...problems, 409: 'Your account has no other way to sign in.' },
    },
    ({ params, body: { password, code }, user: caller, req }) =>
      linking.unlink({ caller, from: clientOf(req), password, code }, params.provider),
  );

  return auth;
}
