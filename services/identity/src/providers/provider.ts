import { DomainError } from '@sidecart/chassis/errors';
import type { Logger } from '@sidecart/chassis/logger';
import * as oidc from 'openid-client';
import type { Attempt } from './attempt.js';
import type { ProviderSettings } from './settings.js';

/** Whom the provider has seen. */
export interface Identified {
  /** Together with the issuer the one name that never changes. */
  subject: string;
  email: string | undefined;
  emailVerified: boolean;
  name: string | undefined;
}

export type Provider = ReturnType<typeof createProvider>;

export interface ProviderOptions {
  settings: ProviderSettings;
  /** Where it sends the browser back to. */
  redirectUri: string;
  logger: Logger;
}

const TIMEOUT_SECONDS = 5;

/** The codes of errors without an answer that means anything. */
const SILENCE = new Set<string | undefined>([undefined, 'OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM']);

/** Signs in with one OpenID Connect provider: authorization code, PKCE, state and nonce. It is looked up when it is first used. */
export function createProvider({ settings: { name, issuer, clientId, clientSecret, trustEmail }, redirectUri, logger }: ProviderOptions) {
  let discovered: Promise<oidc.Configuration> | undefined;

  function discover(): Promise<oidc.Configuration> {
    const insecure = issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [];
    const execute = [oidc.enableNonRepudiationChecks, ...insecure];
    return oidc.discovery(new URL(issuer), clientId, undefined, authentication(clientSecret), { timeout: TIMEOUT_SECONDS, execute });
  }

  /** Asks once; a failure is forgotten. */
  function configuration(): Promise<oidc.Configuration> {
    discovered ??= discover().catch((error: unknown) => {
      discovered = undefined;
      logger.warn({ provider: name, reason: reason(error) }, 'the provider cannot be looked up');
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

    /** `query` is what the browser brought back. Throws `unauthenticated` where it does not prove who it is. */
    async identify(query: string, state: string, { nonce, verifier }: Attempt): Promise<Identified> {
      const config = await configuration();
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
      try {
        const tokens = await oidc.authorizationCodeGrant(config, new URL(`${redirectUri}?${query}`), checks);
        const claims = tokens.claims();
        if (!claims) throw failed();
        const { sub: subject } = claims;
        // An ID token need not say more than who it is.
        const { email, email_verified, name } = claims['email'] ? claims : await oidc.fetchUserInfo(config, tokens.access_token, subject);
        return { subject, email: text(email), emailVerified: email_verified === true || email_verified === 'true', name: text(name) };
      } catch (error) {
        logger.info({ provider: name, reason: reason(error) }, 'sign-in refused');
        throw refusal(name, error);
      }
    },
  };
}

/** What the provider's answer, or its silence, means for whoever signs in. */
function refusal(name: string, error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof oidc.AuthorizationResponseError) return error.error === 'access_denied' ? declined() : failed();
  const answered = error instanceof oidc.ResponseBodyError || (error instanceof oidc.ClientError && !SILENCE.has(error.code));
  return answered ? failed() : unavailable(name);
}

/** The message alone: the rest of the error may tell of a person. */
const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** By the body where the provider takes that, else by the header, which all must. */
function authentication(clientSecret: string): oidc.ClientAuth {
  const [byBody, byHeader] = [oidc.ClientSecretPost(clientSecret), oidc.ClientSecretBasic(clientSecret)];
  return (server, ...request) =>
    (server.token_endpoint_auth_methods_supported?.includes('client_secret_post') ? byBody : byHeader)(server, ...request);
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

export const failed = () =>
  new DomainError('unauthenticated', 'sign-in-failed', 'This sign-in was not begun here, is over, or was used already: begin again.');

const declined = () => new DomainError('forbidden', 'sign-in-declined', 'You declined at the provider.');

const unavailable = (name: string) =>
  new DomainError('unavailable', 'provider-unavailable', `${name} does not answer at the moment.`, { retryAfter: 5 });
