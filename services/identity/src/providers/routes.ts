import { found } from '@sidecart/chassis/errors';
import type { Logger } from '@sidecart/chassis/logger';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Settings } from '../config.js';
import { CartSession, ProviderName } from '../fields.js';
import { clientOf } from '../client.js';
import { SignInReply, type SignIn } from '../sign-in/sign-in.js';
import { recentOrStepUpFields, stepUpProblems, type StepUp } from '../sign-in/step-up.js';
import { ATTEMPT_SECONDS, secret, type Attempt } from './attempt.js';
import { LinkedIdentity, linkedIdentity, linksOf } from './link.js';
import { createLinking } from './linking.js';
import { createProvider } from './provider.js';
import { returnAddress } from './return-to.js';
import { TAKEN_NAMES } from './settings.js';
import { createProviderSignIn } from './sign-in.js';
import { linksKey } from './store.js';

const ByName = z.object({ provider: ProviderName });
const Secret = z
  .string()
  .regex(/^[\w-]{43}$/, '32 bytes as base64url')
  .meta({ examples: ['r0apOqAcy1QAeO-wjM9ayczUPosaDzdmqxxg4VdtDmI'] });

const ReturnTo = z
  .string()
  .max(2_000)
  .meta({ description: 'A path of the shop, or an address at one of the origins in RETURN_ORIGINS.', examples: ['/account'] });
const Challenge = Secret.meta({
  description: 'SHA-256, as base64url, of a random secret that the client keeps for the exchange.',
  examples: ['TGM8oGokN7eGtg2joKOv_Jqi-nV0wjCx7yqB7y3fGGw'],
});
const Start = z
  .strictObject({ returnTo: ReturnTo.optional(), challenge: Challenge.optional() })
  .refine(({ returnTo, challenge }) => (returnTo === undefined) === (challenge === undefined), {
    path: ['challenge'],
    message: 'goes together with returnTo',
  });
const LinkBody = z.strictObject({ ...recentOrStepUpFields, returnTo: ReturnTo.optional() });
const Exchange = z.strictObject({ code: Secret.meta({ examples: ['hPk2CJMABlQeqFNfiJufJ-akSr8ZU-UgozbI27Yyqwg'] }), verifier: Secret });
const Linked = z.object({ linked: ProviderName });

/** Providers add what they like; what counts is signed or checked elsewhere. */
const Added = z.string().max(4_096);
const Callback = z
  .object({
    state: Added.optional().meta({ examples: ['hPk2CJMABlQeqFNfiJufJ-akSr8ZU-UgozbI27Yyqwg'] }),
    code: Added.optional().meta({ examples: ['4-0AfJohXmT1cQe'] }),
    error: Added.optional().meta({ description: 'In place of the code.', examples: ['access_denied'] }),
  })
  .catchall(Added);

/** Browsers let only this host set a cookie with the prefix, and only over HTTPS. */
const cookieName = (secure: boolean) => (secure ? '__Host-sidecart_sign_in' : 'sidecart_sign_in');

const problems = { 404: 'There is no such provider.', 503: 'The provider does not answer.' };
const linkProblems = {
  ...stepUpProblems,
  ...problems,
  404: 'There is no such provider, or your account was deleted.',
  403: 'The password or the code is wrong or missing, the last sign-in was too long ago, your address is not proved, or your account is suspended.',
  503: 'The provider does not answer, too many passwords are being hashed, or codes of the app cannot be checked now.',
};
const begins = { ...problems, 429: 'Too many were begun from this place and did not end: see Retry-After.' };

export interface ProviderRouteOptions {
  settings: Pick<Settings, 'PUBLIC_URL' | 'RETURN_ORIGINS' | 'OIDC_PROVIDERS'>;
  store: Store;
  signIn: SignIn;
  stepUp: StepUp;
  logger: Logger;
}

export function providerRoutes({ settings, store, signIn, stepUp, logger }: ProviderRouteOptions): Routes {
  const auth = routes('auth');
  const { origin } = new URL(settings.PUBLIC_URL);
  const origins = [origin, ...settings.RETURN_ORIGINS];
  const linking = createLinking({ store, stepUp });
  const byProvider = createProviderSignIn({ store, signIn, linking });
  const providers = settings.OIDC_PROVIDERS.map((each) =>
    createProvider({ settings: each, redirectUri: `${origin}/api/auth/${each.name}/callback`, logger }),
  );
  const secure = origin.startsWith('https:');
  const cookie = cookieName(secure);
  const browserOf = ({ headers }: Request): string | undefined =>
    new RegExp(`(?:^|; )${cookie}=([\\w-]{43})(?:;|$)`).exec(headers.cookie ?? '')?.[1];
  const named = (name: string) =>
    found(
      providers.find((each) => each.name === name),
      'The provider',
    );
  const backTo = (returnTo: string | undefined, challenge: string): Attempt['back'] =>
    returnTo === undefined ? null : { address: returnAddress(returnTo, origins), challenge };

  /** Tabs of one browser share the cookie. */
  function mark(req: Request, res: Response): string {
    const browser = browserOf(req) ?? secret();
    const maxAge = ATTEMPT_SECONDS * 1_000;
    res.cookie(cookie, browser, { httpOnly: true, sameSite: 'lax', secure, path: '/', maxAge });
    return browser;
  }

  // Paths of other routes, which may be mounted later.
  auth.router.param('provider', (_req, _res, next, name: string) => next(TAKEN_NAMES.has(name) ? 'route' : undefined));

  auth.get(
    '/api/auth/providers',
    {
      summary: 'The providers that one can sign in with.',
      access: 'public',
      rows: [7],
      reply: z.object({ data: z.array(z.object({ name: ProviderName, href: z.string().meta({ examples: ['/api/auth/google'] }) })) }),
    },
    () => ({ data: providers.map(({ name }) => ({ name, href: `/api/auth/${name}` })) }),
  );

  auth.get(
    '/api/auth/identities',
    {
      summary: 'Lists the identities at providers that sign in to your account.',
      access: 'customer',
      rows: [7],
      reply: z.object({ data: z.array(LinkedIdentity) }),
    },
    async ({ user: { id } }) => ({ data: linksOf(await store.read(linksKey(id))).map(linkedIdentity) }),
  );

  auth.get(
    '/api/auth/:provider',
    {
      summary: 'Sends the browser to a provider, such as google, to sign in there.',
      access: 'public',
      rows: [7],
      params: ByName,
      query: Start,
      status: 302,
      problems: begins,
    },
    async ({ params, query: { returnTo, challenge = '' }, req, res }) => {
      const provider = named(params.provider);
      const back = backTo(returnTo, challenge);
      res.redirect(await byProvider.start(provider, { browser: mark(req, res), back }, clientOf(req)));
    },
  );

  auth.get(
    '/api/auth/:provider/callback',
    {
      summary:
        'Where the provider sends the browser back to: on to returnTo with a code for the exchange, or the tokens where there is none.',
      access: 'public',
      rows: [7],
      params: ByName,
      query: Callback,
      reply: z.union([SignInReply, Linked]).optional(),
      problems: {
        ...problems,
        401: 'The sign-in was not begun in this browser, is over, or was used already.',
        403: 'Declined at the provider, the address is not verified there or not trusted here, or the account is suspended.',
        409: 'There is an account with this address that was never proved or has another identity; or another account has this identity.',
      },
    },
    async ({ params, req, res }) => {
      const { searchParams } = new URL(req.originalUrl, 'http://localhost');
      res.setHeader('cache-control', 'no-store');
      const ended = await byProvider.end(named(params.provider), browserOf(req) ?? '', searchParams, clientOf(req));
      if ('redirect' in ended) {
        res.redirect(303, ended.redirect);
        return undefined;
      }
      return 'signIn' in ended ? ended.signIn : ended;
    },
  );

  auth.post(
    '/api/auth/token/exchange',
    {
      summary: 'Gives the tokens of a sign-in with a provider for its code, once, within a minute.',
      access: 'public',
      rows: [7],
      headers: CartSession,
      body: Exchange,
      reply: SignInReply,
      problems: { 401: 'The code is unknown, over, used already, or another client’s.', 403: 'The account is suspended.' },
    },
    ({ body: { code, verifier }, headers, req }) =>
      byProvider.exchange(code, verifier, { ...clientOf(req), cartSession: headers['x-cart-session-id'] ?? null }),
  );

  auth.post(
    '/api/auth/:provider/link',
    {
      summary:
        'Begins to link your account with a provider; send the browser that asked to the url. Needs the password or a sign-in within the last 10 minutes.',
      access: 'customer',
      rows: [7],
      params: ByName,
      body: LinkBody,
      reply: z.object({ url: z.string().meta({ examples: ['https://accounts.example.com/authorize?client_id=shop&response_type=code'] }) }),
      problems: linkProblems,
    },
    async ({ params, body, user: caller, req, res }) => {
      const provider = named(params.provider);
      const back = backTo(body.returnTo, '');
      const shown = { caller, from: clientOf(req), password: body.password, code: body.code };
      return { url: await linking.begin(provider, shown, { browser: mark(req, res), back }) };
    },
  );

  auth.delete(
    '/api/auth/:provider/link',
    {
      summary: 'Ends the link of your account with a provider. Needs the password or a sign-in within the last 10 minutes.',
      access: 'customer',
      rows: [7],
      params: ByName,
      body: z.strictObject(recentOrStepUpFields),
      problems: { ...stepUpProblems, 409: 'Your account has no other way to sign in.' },
    },
    ({ params, body: { password, code }, user: caller, req }) =>
      linking.unlink({ caller, from: clientOf(req), password, code }, params.provider),
  );

  return auth;
}
