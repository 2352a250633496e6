import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { put } from '@sidecart/chassis/state';
import { until } from '@sidecart/runner/until';
import { ATTEMPT_SECONDS, secret, sha256 } from '../../src/providers/attempt.js';
import { TAKEN_NAMES } from '../../src/providers/settings.js';
import { attemptKey, ticketKey } from '../../src/providers/store.js';
import { userByEmail, userKey } from '../../src/accounts/store.js';
import { openBrowser, type Browser } from './browser.js';
import { startIdentity, type Identity } from '../identity.js';
import { startOidcProvider, type OidcProvider, type Person } from './oidc.js';

const SHOP = 'http://localhost:8080';
const APP = 'https://app.shop.example';

let provider: OidcProvider;
let identity: Identity;
let serial = 0;

beforeAll(async () => {
  provider = await startOidcProvider('acme', SHOP);
  const away = { ...provider.settings, name: 'away', issuer: 'http://127.0.0.1:9' };
  identity = await startIdentity({ OIDC_PROVIDERS: JSON.stringify([provider.settings, away]), RETURN_ORIGINS: `${APP}/` });
}, 60_000);
afterAll(async () => {
  await identity?.close();
  await provider?.close();
});

/** Creates a person at the provider. */
function someone(change: Person = {}): { subject: string; email: string } {
  const subject = `subject-${++serial}`;
  const person = { email: `${subject}@example.com`, email_verified: true, name: 'Ann', ...change };
  provider.people.set(subject, person);
  return { subject, email: person.email };
}

const aBrowser = () => openBrowser(identity.url, SHOP);

/** Signs in at the provider, and returns the address that it sends the browser back to. */
async function atTheProvider(browser: Browser, subject: string, path = '/api/auth/acme'): Promise<URL> {
  const { location } = await browser.go(path);
  return provider.visit(String(location), subject);
}

async function signIn(subject: string) {
  const browser = aBrowser();
  return browser.go(await atTheProvider(browser, subject));
}

const exchange = (code: string | null, verifier: string, headers = {}) =>
  identity.request('POST', '/api/auth/token/exchange', { code, verifier }, { headers });
const statuses = (answers: { status: number }[]) => answers.map(({ status }) => status).toSorted((a, b) => a - b);
const slug = ({ body }: { body: { type: string } }) => body.type.split('/').at(-1);

describe('signing in with a provider', () => {
  test('creates an account with a verified email address, and finds it the next time', async () => {
    const { subject, email } = someone();
    const { status, body } = await signIn(subject);
    expect([status, body.user.email, body.user.name, body.user.role]).toEqual([200, email, 'Ann', 'customer']);
    expect(await userByEmail(identity.store, email)).toMatchObject({ verified: true, status: 'active' });
    expect((await identity.withToken(body.accessToken, 'GET', '/api/users/me')).body).toEqual(body.user);
    expect((await identity.refresh(body.refreshToken)).status).toBe(200);
    await until('it is published', 5, async () =>
      identity.published.some(({ type, subject }) => type === 'user.registered' && subject === body.user.id),
    );
    provider.people.set(subject, { email: 'moved@example.com', email_verified: false });
    expect((await signIn(subject)).body.user).toEqual(body.user);
  });

  test('creates an account without a password', async () => {
    const { subject, email } = someone();
    await signIn(subject);
    expect((await identity.login(email)).status).toBe(401);
  });

  test('uses PKCE, state and nonce, and keeps secrets out of the URL', async () => {
    const browser = aBrowser();
    const { status, location } = await browser.go('/api/auth/acme');
    expect([status, location?.origin]).toEqual([302, provider.settings.issuer]);
    expect(Object.fromEntries(location?.searchParams ?? [])).toEqual({
      client_id: 'shop',
      redirect_uri: `${SHOP}/api/auth/acme/callback`,
      response_type: 'code',
      scope: 'openid email profile',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(browser.cookie).toMatch(/^sidecart_sign_in=[\w-]{43}$/);
  });

  test.each(['unknown', 'away'])('is refused for a provider called %s, and nothing else is affected', async (name) => {
    const { status, body } = await aBrowser().go(`/api/auth/${name}`);
    expect([status, body.title]).toEqual(name === 'away' ? [503, 'Provider unavailable'] : [404, 'Not found']);
  });

  test('lists the configured providers', async () => {
    const { body } = await identity.request('GET', '/api/auth/providers');
    expect(body.data).toEqual([
      { name: 'acme', href: '/api/auth/acme' },
      { name: 'away', href: '/api/auth/away' },
    ]);
  });

  test('is refused for a suspended account', async () => {
    const { subject, email } = someone();
    await signIn(subject);
    const user = await userByEmail(identity.store, email);
    if (!user) throw new Error('there is no account');
    const key = userKey(user.id);
    await identity.store.transact([key], () => ({ write: [put(key, { ...user, status: 'suspended' as const })], result: undefined }));
    const refused = await signIn(subject);
    expect([refused.status, slug(refused)]).toEqual([403, 'account-suspended']);
  });

  test('is refused if the person declines at the provider', async () => {
    const browser = aBrowser();
    const { location } = await browser.go('/api/auth/acme');
    const refused = await browser.go(await provider.decline(String(location)));
    expect([refused.status, slug(refused)]).toEqual([403, 'sign-in-declined']);
  });
});

test('refuses exactly those provider names that other routes under /api/auth use', async () => {
  const { body } = await identity.request('GET', '/openapi.json');
  const segments = Object.keys(body.paths).map((path) => /^\/api\/auth\/([^/{]+)/.exec(path)?.[1] ?? 'none');
  expect([...TAKEN_NAMES].toSorted()).toEqual([...new Set(segments)].filter((segment) => segment !== 'none').toSorted());
});

test('limits the cookie to this host if the shop uses HTTPS', async () => {
  const https = await startIdentity({ OIDC_PROVIDERS: JSON.stringify([provider.settings]), PUBLIC_URL: 'https://shop.example' });
  const { headers } = await fetch(`${https.url}/api/auth/acme`, { redirect: 'manual' });
  const [cookie, ...flags] = headers.getSetCookie()[0]?.split('; ') ?? [];
  await https.close();
  expect(cookie).toMatch(/^__Host-sidecart_sign_in=[\w-]{43}$/);
  expect(flags).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']));
});

test('slows down a place that starts many sign-ins and completes none, and no other place', async () => {
  const [place, other] = ['203.0.113.50', '203.0.113.51'].map((address) => ({ 'x-forwarded-for': address }));
  const begin = (headers = place) => aBrowser().go('/api/auth/acme', headers);
  for (let n = 0; n < 48; n++) expect((await begin()).status).toBe(302);
  const { subject } = someone();
  const browser = aBrowser();
  const { location } = await browser.go('/api/auth/acme', place);
  expect((await browser.go(await provider.visit(String(location), subject), place)).status).toBe(200);
  for (let n = 0; n < 2; n++) expect((await begin()).status).toBe(302); // a completed sign-in does not count
  const { status, body } = await begin();
  expect([status, slug({ body })]).toEqual([429, 'too-many-tries']);
  expect((await begin(other)).status).toBe(302);
});

describe('returning from the provider', () => {
  const tampered: Record<string, (sent: URL) => void> = {
    'another nonce': (sent) => sent.searchParams.set('nonce', secret()),
    'another PKCE challenge': (sent) => sent.searchParams.set('code_challenge', secret()),
    'another state': (sent) => sent.searchParams.set('state', secret()),
  };

  test.each(Object.entries(tampered))('with %s is refused', async (_what, tamper) => {
    const browser = aBrowser();
    const { location: sent = new URL(SHOP) } = await browser.go('/api/auth/acme');
    tamper(sent);
    const refused = await browser.go(await provider.visit(sent.href, someone().subject));
    expect([refused.status, slug(refused)]).toEqual([401, 'sign-in-failed']);
  });

  test('with the code of another is refused: codes belong to the attempt that they were asked for', async () => {
    const [mine, theirs] = [aBrowser(), aBrowser()];
    const [back, other] = await Promise.all([atTheProvider(mine, someone().subject), atTheProvider(theirs, someone().subject)]);
    back.searchParams.set('code', other.searchParams.get('code') ?? '');
    expect(slug(await mine.go(back))).toBe('sign-in-failed');
  });

  test('in another browser is refused, and over for both', async () => {
    const browser = aBrowser();
    const back = await atTheProvider(browser, someone().subject);
    expect(slug(await aBrowser().go(back))).toBe('sign-in-failed');
    expect(slug(await browser.go(back))).toBe('sign-in-failed');
  });

  test('again is refused', async () => {
    const browser = aBrowser();
    const back = await atTheProvider(browser, someone().subject);
    const answers = await Promise.all([browser.go(back), browser.go(back), browser.go(back)]);
    expect(statuses(answers)).toEqual([200, 401, 401]);
    expect(slug(await browser.go(back))).toBe('sign-in-failed');
  });

  test('too late, or from another provider, is refused', async () => {
    const browser = aBrowser();
    const back = await atTheProvider(browser, someone().subject);
    const key = attemptKey(sha256(back.searchParams.get('state') ?? ''));
    await identity.store.transact([key], (docs) => {
      const attempt = docs.get(key);
      return { write: attempt ? [put(key, { ...attempt, expiresAt: new Date().toISOString() }, ATTEMPT_SECONDS)] : [], result: undefined };
    });
    expect(slug(await browser.go(back))).toBe('sign-in-failed');
    const other = await atTheProvider(browser, someone().subject);
    other.pathname = '/api/auth/away/callback';
    expect(slug(await browser.go(other))).toBe('sign-in-failed');
  });

  test.each(['', '?state=&code=x', '?state=a&state=b', '?error=access_denied'])(
    'is refused with anything that does not match the request: %s',
    async (query) => {
      expect((await aBrowser().go(`/api/auth/acme/callback${query}`)).status).toBeGreaterThanOrEqual(400);
    },
  );
});

describe('returning to the client', () => {
  const verifier = secret();
  const start = (returnTo: string) => `/api/auth/acme?${new URLSearchParams({ returnTo, challenge: sha256(verifier) }).toString()}`;

  async function back(returnTo: string, subject = someone().subject) {
    const browser = aBrowser();
    return browser.go(await atTheProvider(browser, subject, start(returnTo)));
  }

  test('brings a code that the client can exchange for the tokens, once', async () => {
    const { status, location } = await back(`${APP}/account?tab=1`);
    expect([status, location?.origin, location?.pathname, location?.searchParams.get('tab')]).toEqual([303, APP, '/account', '1']);
    const code = location?.searchParams.get('code') ?? '';
    const answers = await Promise.all([1, 2, 3].map(() => exchange(code, verifier, { 'x-cart-session-id': `guest-${code.slice(0, 20)}` })));
    expect(statuses(answers)).toEqual([200, 401, 401]);
    const { body } = answers.find((answer) => answer.status === 200) ?? {};
    expect((await identity.withToken(body.accessToken, 'GET', '/api/users/me')).body).toEqual(body.user);
    expect((await exchange(code, verifier)).body.title).toBe('Sign in failed');
    await until('the guest cart comes along', 5, async () =>
      identity.published.some(({ type, data }) => type === 'user.signed_in' && JSON.stringify(data).includes(`guest-${code.slice(0, 20)}`)),
    );
  });

  test('gives nothing to someone who only saw the code', async () => {
    const { location } = await back('/account');
    expect(location?.href.startsWith(`${SHOP}/account?code=`)).toBe(true);
    const code = location?.searchParams.get('code') ?? null;
    expect((await exchange(code, secret())).status).toBe(401);
    expect((await exchange(code, verifier)).status).toBe(401);
  });

  test('gives nothing after a minute', async () => {
    const { location } = await back('/account');
    const code = location?.searchParams.get('code') ?? '';
    const key = ticketKey(sha256(code));
    await identity.store.transact([key], (docs) => {
      const ticket = docs.get(key);
      return { write: ticket ? [put(key, { ...ticket, expiresAt: new Date().toISOString() })] : [], result: undefined };
    });
    expect((await exchange(code, verifier)).status).toBe(401);
  });

  test('reports the failure to the client', async () => {
    const { location } = await back('/account', someone({ email_verified: false }).subject);
    expect(location?.href).toBe(`${SHOP}/account?error=email-unverified`);
  });

  test('stores no code and no state in plain text', async () => {
    const { location } = await back('/account');
    const code = location?.searchParams.get('code') ?? '';
    expect(JSON.stringify(await identity.store.read(ticketKey(sha256(code))))).not.toContain(code);
    expect(JSON.stringify(identity.published)).not.toContain(code);
  });

  test.each([
    'https://evil.example/',
    '//evil.example/',
    '\\\\evil.example',
    '/\\evil.example',
    '\t//evil.example',
    '/\t/evil.example',
    ' https://evil.example',
    'https:evil.example',
    `${APP}@evil.example/`,
    `${APP}.evil.example/`,
    `https://user:password@app.shop.example/`,
    'http://app.shop.example/',
    'https://app.shop.example:444/',
    `${SHOP}@evil.example`,
    'javascript:alert(1)',
    'data:text/html,evil',
  ])('refuses an address outside the shop: %j', async (returnTo) => {
    const { status, body, location } = await aBrowser().go(start(returnTo));
    expect([status, location, body.errors[0].field]).toEqual([400, undefined, 'returnTo']);
  });

  test.each(['/%2f%2fevil.example', '/%5cevil.example', '/a/..//evil.example', 'evil.example', '/?next=//evil.example'])(
    'keeps %j inside the shop',
    async (returnTo) => {
      expect((await back(returnTo)).location?.origin).toBe(SHOP);
    },
  );

  test('refuses a very long address', async () => {
    expect((await aBrowser().go(start(`/${'a'.repeat(2_000)}`))).body.errors[0].field).toBe('returnTo');
  });

  test('needs a challenge', async () => {
    expect((await aBrowser().go('/api/auth/acme?returnTo=/account')).body.errors[0].field).toBe('challenge');
  });
});

describe('an email address that has an account', () => {
  async function verified(email: string) {
    const { body } = await identity.register(email);
    const key = userKey(body.user.id);
    await identity.store.transact([key], (docs) => {
      const user = docs.get(key);
      return { write: user ? [put(key, { ...user, verified: true })] : [], result: undefined };
    });
    return body;
  }

  test('signs in to the account if both sides have verified the email address', async () => {
    const { subject, email } = someone();
    const { user } = await verified(email);
    expect((await signIn(subject)).body.user.id).toBe(user.id);
    expect((await signIn(subject)).body.user.id).toBe(user.id);
  });

  test('does not if it was never verified here, since anyone may have registered it', async () => {
    const { subject, email } = someone();
    await identity.register(email);
    const refused = await signIn(subject);
    expect([refused.status, slug(refused)]).toEqual([409, 'link-refused']);
  });

  test.each([{ email_verified: false }, { email_verified: undefined }])(
    'does not if the provider has not verified it, and reveals no account: %j',
    async (change) => {
      const taken = someone(change as Person);
      await verified(taken.email);
      const [here, nowhere] = [await signIn(taken.subject), await signIn(someone(change as Person).subject)];
      expect([here.status, slug(here)]).toEqual([403, 'email-unverified']);
      expect([nowhere.status, slug(nowhere)]).toEqual([403, 'email-unverified']);
    },
  );

  test('creates one account for concurrent sign-ins', async () => {
    const { subject } = someone();
    const answers = await Promise.all(Array.from({ length: 5 }, () => signIn(subject)));
    expect(new Set(answers.map(({ body }) => body.user?.id)).size).toBe(1);
  });
});

describe('staff who need a second factor', () => {
  test('need it with a provider too', async () => {
    const strict = await startIdentity({ OIDC_PROVIDERS: JSON.stringify([provider.settings]), STAFF_NEED_TWO_FACTOR: 'true' });
    const usual = identity;
    identity = strict;
    try {
      const { subject } = someone({ email: 'admin@shop.example' });
      const { status, body } = await signIn(subject);
      expect([status, body]).toEqual([200, { twoFactor: { token: expect.any(String), methods: [expect.any(String)] } }]);
      const verifier = secret();
      const browser = aBrowser();
      const start = `/api/auth/acme?${new URLSearchParams({ returnTo: '/account', challenge: sha256(verifier) }).toString()}`;
      const { location } = await browser.go(await atTheProvider(browser, subject, start));
      const answer = await exchange(location?.searchParams.get('code') ?? null, verifier);
      expect(Object.keys(answer.body)).toEqual(['twoFactor']);
    } finally {
      identity = usual;
      await strict.close();
    }
  });
});
