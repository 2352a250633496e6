import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { ProviderName } from '../accounts/values.js';
import { clientOf } from '../client.js';
import { CartSession, SignInReply } from '../sign-in/schemas.js';
import type { SignIn } from '../sign-in/sign-in.js';
import type { Linking } from './linking.js';
import type { Providers } from './providers.js';
import { ByName, Callback, Exchange, Linked, Start } from './schemas.js';
import { TAKEN_NAMES } from './settings.js';
import { createProviderSignIn } from './sign-in.js';

const providerProblems = { 404: 'There is no such provider.', 503: 'The provider does not respond. See Retry-After.' };

export interface ProviderRouteOptions {
  providers: Providers;
  store: Store;
  signIn: SignIn;
  linking: Linking;
}

/** Signs in with a provider. */
export function providerRoutes({ providers, store, signIn, linking }: ProviderRouteOptions): Routes {
  const auth = routes('auth');
  const byProvider = createProviderSignIn({ store, signIn, linking });
  const { all, named, cookie, backTo } = providers;

  // Lets the paths of other routes pass, so that those may be mounted later.
  auth.router.param('provider', (_req, _res, next, name: string) => next(TAKEN_NAMES.has(name) ? 'route' : undefined));

  auth.get(
    '/api/auth/providers',
    {
      summary: 'Lists the providers that people can sign in with.',
      access: 'public',
      rows: [7],
      reply: z.object({ data: z.array(z.object({ name: ProviderName, href: z.string().meta({ examples: ['/api/auth/google'] }) })) }),
    },
    () => ({ data: all.map(({ name }) => ({ name, href: `/api/auth/${name}` })) }),
  );

  auth.get(
    '/api/auth/:provider',
    {
      summary: 'Redirects the browser to a provider, such as google, to sign in there.',
      access: 'public',
      rows: [7],
      params: ByName,
      query: Start,
      status: 302,
      problems: { ...providerProblems, 429: 'Too many sign-ins were started from this place and not completed. See Retry-After.' },
    },
    async ({ params, query: { returnTo, challenge = '' }, req, res }) => {
      const provider = named(params.provider);
      const back = backTo(returnTo, challenge);
      res.redirect(await byProvider.start(provider, { browser: cookie.ensure(req, res), back }, clientOf(req)));
    },
  );

  auth.get(
    '/api/auth/:provider/callback',
    {
      summary:
        'Where the provider sends the browser back to. Redirects to returnTo with a code for the exchange; without returnTo, returns the tokens.',
      access: 'public',
      rows: [7],
      params: ByName,
      query: Callback,
      reply: z.union([SignInReply, Linked]).optional(),
      problems: {
        ...providerProblems,
        401: 'The sign-in was not started in this browser, has expired, or was already completed.',
        403: 'The person declined, the provider has not verified the email address or is not trusted with it, or the account is suspended.',
        409: 'The account with this email address is not verified or has another identity, or another account has this identity.',
      },
    },
    async ({ params, req, res }) => {
      const { searchParams } = new URL(req.originalUrl, 'http://localhost');
      const completion = await byProvider.complete(named(params.provider), cookie.read(req) ?? '', searchParams, clientOf(req));
      if ('redirect' in completion) {
        res.redirect(303, completion.redirect);
        return undefined;
      }
      return 'signIn' in completion ? completion.signIn : completion;
    },
  );

  auth.post(
    '/api/auth/token/exchange',
    {
      summary: 'Returns the tokens of a sign-in with a provider for its code. The code works once and expires after a minute.',
      access: 'public',
      rows: [7],
      headers: CartSession,
      body: Exchange,
      reply: SignInReply,
      problems: {
        401: 'The code is unknown, has expired, was already used or belongs to another client.',
        403: 'The account is suspended.',
      },
    },
    ({ body: { code, verifier }, headers, req }) =>
      byProvider.exchange(code, verifier, { ...clientOf(req), cartSession: headers['x-cart-session-id'] ?? null }),
  );

  return auth;
}
