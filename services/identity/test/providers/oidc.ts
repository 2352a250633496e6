import { jest } from '@jest/globals';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export interface Person {
  email?: string;
  email_verified?: boolean;
  name?: string;
}

export interface OidcProvider {
  /** An entry of OIDC_PROVIDERS. */
  settings: { name: string; issuer: string; clientId: string; clientSecret: string; trustEmail: boolean };
  /** The people who can sign in there, by subject. */
  people: Map<string, Person>;
  /** Signs in there as a person would, and returns the address that the browser is sent back to. */
  visit(authorizationUrl: string, subject: string): Promise<URL>;
  /** Declines to sign in. */
  decline(authorizationUrl: string): Promise<URL>;
  close(): Promise<void>;
}

/**
 * A real OpenID Connect provider that sends browsers back to
 * `<publicUrl>/api/auth/<name>/callback`.
 */
export async function startOidcProvider(name: string, publicUrl: string): Promise<OidcProvider> {
  let handler: RequestListener = (_req, res) => void res.writeHead(503).end();
  const server = createServer((req, res) => handler(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${address.port}`;
  const people = new Map<string, Person>();
  const client = { client_id: 'shop', client_secret: randomUUID() };
  const callback = `${publicUrl}/api/auth/${name}/callback`;
  const quiet = jest.spyOn(console, 'warn').mockImplementation(() => undefined); // it warns that it is for development only
  const provider = new Provider(issuer, {
    clients: [{ ...client, redirect_uris: [callback] }],
    findAccount: (_context, accountId) => {
      const claims = people.get(accountId);
      return claims && { accountId, claims: () => ({ sub: accountId, ...claims }) };
    },
    claims: { email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: [randomUUID()] },
    jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
    pkce: { required: () => true },
    ttl: { Interaction: 60, Session: 60, Grant: 60, AccessToken: 60, IdToken: 60 },
  });
  quiet.mockRestore();
  handler = provider.callback();

  /** Follows the provider's redirects and fills in its forms until it sends the browser away. */
  async function browse(authorizationUrl: string, fill: (form: string) => Record<string, string> | 'abort'): Promise<URL> {
    const cookies = new Map<string, string>();
    let next = new URL(authorizationUrl);
    let form: URLSearchParams | undefined;
    while (next.origin === issuer) {
      const cookie = Array.from(cookies, ([key, value]) => `${key}=${value}`).join('; ');
      const answer = await fetch(next, { redirect: 'manual', headers: { cookie }, ...(form ? { method: 'POST', body: form } : {}) });
      for (const set of answer.headers.getSetCookie()) {
        const [key = '', value = ''] = (set.split(';')[0] ?? '').split('=', 2);
        cookies.set(key, value);
      }
      const location = answer.headers.get('location');
      form = undefined;
      if (location) next = new URL(location, next);
      else {
        const page = await answer.text();
        if (answer.status !== 200) throw new Error(`the provider says ${answer.status}: ${page}`);
        const filled = fill(page);
        if (filled === 'abort') next = new URL(`${next.href}/abort`);
        else form = new URLSearchParams(filled);
      }
    }
    return next;
  }

  return {
    settings: { name, issuer, clientId: client.client_id, clientSecret: client.client_secret, trustEmail: true },
    people,
    visit: (url, subject) =>
      browse(url, (page) =>
        page.includes('value="login"') ? { prompt: 'login', login: subject, password: 'any' } : { prompt: 'consent' },
      ),
    decline: (url) => browse(url, () => 'abort'),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
