import { DomainError } from '@sidecart/chassis/errors';
import type { Logger } from '@sidecart/chassis/logger';
import * as oidc from 'openid-client';
import type { Attempt } from './attempt.js';
import type { ProviderSettings } from './settings.js';

/** The person that the provider has authenticated. */
export interface Identified {
  /** Together with the issuer, the only identifier that never changes. */
  subject: string;
  email: string | undefined;
  emailVerified: boolean;
  name: string | undefined;
}

export type Provider = ReturnType<typeof createProvider>;

export interface ProviderOptions {
  settings: ProviderSettings;
  /** Where the provider sends the browser back to. */
  redirectUri: string;
  logger: Logger;
}

const TIMEOUT_SECONDS = 5;

/** The codes of errors without a meaningful response. */
const NO_RESPONSE = new Set<string | undefined>([undefined, 'OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM']);

/**
 * Signs in with an OpenID Connect provider: authorization code, PKCE, state and nonce. Discovery
 * happens on first use.
 */
export function createProvider({ settings: { name, issuer, clientId, clientSecret, trustEmail }, redirectUri, logger }: ProviderOptions) {
  let discovered: Promise<oidc.Configuration> | undefined;

  function discover(): Promise<oidc.Configuration> {
    const insecure = issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [];
    const execute = [oidc.enableNonRepudiationChecks, ...insecure];
    return oidc.discovery(new URL(issuer), clientId, undefined, authentication(clientSecret), { timeout: TIMEOUT_SECONDS, execute });
  }

  /** Keeps the result of discovery, but no failure. */
  function configuration(): Promise<oidc.Configuration> {
    discovered ??= discover().catch((error: unknown) => {
      discovered = undefined;
      logger.warn({ provider: name, reason: reason(error) }, 'cannot discover provider');
      throw unavailable(name);
    });
    return discovered;
  }

  return {
    name,
    issuer,
    trustEmail,

    async authorizationUrl(state: string, { nonce, verifier }: Attempt): Promise<string> {
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      return url.href;
    },

    /**
     * `query` is what the provider sent the browser back with. Throws `unauthenticated` if it does
     * not authenticate anyone.
     */
    async identify(query: string, state: string, { nonce, verifier }: Attempt): Promise<Identified> {
      const config = await configuration();
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
      try {
        const tokens = await oidc.authorizationCodeGrant(config, new URL(`${redirectUri}?${query}`), checks);
        const claims = tokens.claims();
        if (!claims) throw signInFailed();
        const { sub: subject } = claims;
        // An ID token may contain the subject only.
        const { email, email_verified, name } = claims['email'] ? claims : await oidc.fetchUserInfo(config, tokens.access_token, subject);
        return { subject, email: text(email), emailVerified: email_verified === true || email_verified === 'true', name: text(name) };
      } catch (error) {
        logger.info({ provider: name, reason: reason(error) }, 'sign-in refused');
        throw refusal(name, error);
      }
    },
  };
}

/** Returns the problem for a response of the provider, or for none. */
function refusal(name: string, error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof oidc.AuthorizationResponseError) return error.error === 'access_denied' ? declined() : signInFailed();
  const answered = error instanceof oidc.ResponseBodyError || (error instanceof oidc.ClientError && !NO_RESPONSE.has(error.code));
  return answered ? signInFailed() : unavailable(name);
}

/** The message only: the rest of the error may contain personal data. */
const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Sends the secret in the body if the provider supports it, else in the header, which all must. */
function authentication(clientSecret: string): oidc.ClientAuth {
  const [byBody, byHeader] = [oidc.ClientSecretPost(clientSecret), oidc.ClientSecretBasic(clientSecret)];
  return (server, ...request) =>
    (server.token_endpoint_auth_methods_supported?.includes('client_secret_post') ? byBody : byHeader)(server, ...request);
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

export const signInFailed = () =>
  new DomainError(
    'unauthenticated',
    'sign-in-failed',
    'This sign-in was not started in this browser, has expired, or was already completed. Start again.',
  );

const declined = () => new DomainError('forbidden', 'sign-in-declined', 'You declined to sign in at the provider.');

const unavailable = (name: string) =>
  new DomainError('unavailable', 'provider-unavailable', `${name} does not respond. Try again in a moment.`, { retryAfter: 5 });
