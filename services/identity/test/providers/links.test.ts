import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { put, type Key } from '@sidecart/chassis/state';
import { until } from '@sidecart/runner/until';
import type { Answer } from '@sidecart/testing/app';
import { linksKey } from '../../src/accounts/links.js';
import { secret, sha256 } from '../../src/providers/attempt.js';
import { identityKey } from '../../src/providers/store.js';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';
import { withTwoFactor, codeOf } from '../with-two-factor.js';
import { openBrowser, type Browser } from './browser.js';
import { startOidcProvider, type OidcProvider, type Person } from './oidc.js';

const SHOP = 'http://localhost:8080';

let acme: OidcProvider;
let careless: OidcProvider;
let identity: Identity;

beforeAll(async () => {
  [acme, careless] = await Promise.all([startOidcProvider('acme', SHOP), startOidcProvider('careless', SHOP)]);
  const { trustEmail: _, ...untrusted } = careless.settings;
  const away = { ...untrusted, name: 'away', issuer: 'http://127.0.0.1:9' };
  identity = await startIdentity({ OIDC_PROVIDERS: JSON.stringify([acme.settings, untrusted, away]) });
}, 60_000);
afterAll(async () => {
  await identity?.close();
  await Promise.all([acme?.close(), careless?.close()]);
});

const aBrowser = () => openBrowser(identity.url, SHOP);
const anAddress = () => `${randomUUID()}@example.com`;
const slug = ({ body }: Pick<Answer, 'body'>) => body?.type?.split('/').at(-1);
const outcome = (answer: Pick<Answer, 'status' | 'body'>) => [answer.status, slug(answer)];

/** Creates a person at a provider, and returns their subject. */
function someone(change: Person = {}, provider = acme): string {
  const subject = randomUUID();
  provider.people.set(subject, { email: `${subject}@example.com`, email_verified: true, name: 'Ann', ...change });
  return subject;
}

async function signIn(subject: string, provider = acme) {
  const browser = aBrowser();
  const { location } = await browser.go(`/api/auth/${provider.settings.name}`);
  return browser.go(await provider.visit(String(location), subject));
}

/** An account with a verified email address, and the access token of a recent sign-in. */
async function anAccount(email = anAddress()) {
  const { user, accessToken } = (await identity.registerVerified(email)).body;
  return { email, id: String(user.id), accessToken: String(accessToken) };
}

const ask = (accessToken: string, method: string, path: string, body?: unknown) => identity.withToken(accessToken, method, path, body);

interface Linking {
  browser: Browser;
  url: string;
}

async function beginLink(accessToken: string, body: unknown = {}): Promise<Linking> {
  const answer = await ask(accessToken, 'POST', '/api/auth/acme/link', body);
  const browser = aBrowser();
  browser.cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return { browser, url: answer.body.url };
}

async function link(accessToken: string, subject: string, body?: unknown) {
  const { browser, url } = await beginLink(accessToken, body);
  return browser.go(await acme.visit(url, subject));
}

const unlink = (accessToken: string, body: unknown = { password: PASSWORD }) => ask(accessToken, 'DELETE', '/api/auth/acme/link', body);
const identities = async (accessToken: string) => (await ask(accessToken, 'GET', '/api/auth/identities')).body.data;

const published = (type: string, userId: string) =>
  until(`${type} is announced`, 5, async () => identity.published.findLast((event) => event.type === type && event.subject === userId));

describe('linking', () => {
  test('lets an account sign in with a provider that has another email address', async () => {
    const { id, accessToken } = await anAccount();
    const subject = someone({ email_verified: false });
    expect(await link(accessToken, subject)).toMatchObject({ status: 200, body: { linked: 'acme' } });
    expect((await signIn(subject)).body.user.id).toBe(id);
  });

  test('redirects back to the client', async () => {
    const { accessToken } = await anAccount();
    const { location } = await link(accessToken, someone(), { returnTo: '/account' });
    expect(location?.href).toBe(`${SHOP}/account?linked=acme`);
  });

  test('is refused if the identity is linked to another account', async () => {
    const subject = someone();
    await signIn(subject);
    const { accessToken } = await anAccount();
    expect(outcome(await link(accessToken, subject))).toEqual([409, 'linked-elsewhere']);
  });

  test('replaces the previous identity of that provider, and can be undone', async () => {
    const { id, accessToken } = await anAccount();
    const [first, second] = [someone(), someone()];
    await link(accessToken, first);
    await link(accessToken, second);
    expect((await signIn(first)).body.user.id).not.toBe(id);
    expect((await unlink(accessToken)).status).toBe(204);
    expect((await signIn(second)).body.user.id).not.toBe(id);
  });

  test.each([
    ['__proto__', 400],
    ['toString', 400],
    ['constructor', 204],
  ])('handles a provider name that is a property of every object: %s', async (name, status) => {
    const { accessToken } = await anAccount();
    expect((await ask(accessToken, 'DELETE', `/api/auth/${name}/link`)).status).toBe(status);
    expect((await ask(accessToken, 'PATCH', '/api/users/me', { name: 'Bea' })).status).toBe(200);
  });

  test('needs an access token', async () => {
    expect((await identity.request('POST', '/api/auth/acme/link', {})).status).toBe(401);
    expect((await identity.request('DELETE', '/api/auth/acme/link', {})).status).toBe(401);
    expect((await identity.request('GET', '/api/auth/identities')).status).toBe(401);
  });

  test('cannot be completed by another browser than the one that started it', async () => {
    const { accessToken } = await anAccount();
    const { url } = await beginLink(accessToken);
    expect(slug(await aBrowser().go(await acme.visit(url, someone())))).toBe('sign-in-failed');
  });

  test('needs a verified email address', async () => {
    const { body } = await identity.register(anAddress());
    expect(outcome(await ask(body.accessToken, 'POST', '/api/auth/acme/link', { password: PASSWORD }))).toEqual([
      403,
      'address-not-verified',
    ]);
  });

  test('needs the password or a sign-in within the last 10 minutes', async () => {
    const { id, accessToken } = await anAccount();
    const begin = (body: unknown) => ask(accessToken, 'POST', '/api/auth/acme/link', body);
    await identity.minutesPass(id, 9);
    expect((await begin({})).status).toBe(200);
    await identity.minutesPass(id, 11);
    expect(outcome(await begin({}))).toEqual([403, 'recent-sign-in-required']);
    expect(outcome(await begin({ password: 'wrong horse' }))).toEqual([403, 'wrong-password']);
    expect((await begin({ password: PASSWORD })).status).toBe(200);
  });

  test('also needs a code from the app, if the account has one', async () => {
    const person = await withTwoFactor(identity, anAddress());
    const begin = (body: unknown) => person.ask('POST', '/api/auth/acme/link', body);
    for (const body of [{}, { password: PASSWORD }]) expect(outcome(await begin(body))).toEqual([403, 'second-factor-required']);
    expect((await begin({ code: codeOf(person.secret) })).status).toBe(200);
  });

  test('uses up no code while the provider is unreachable', async () => {
    const { ask: asPerson, recoveryCodes } = await withTwoFactor(identity, anAddress());
    const [code] = recoveryCodes;
    expect((await asPerson('POST', '/api/auth/away/link', { code })).status).toBe(503);
    expect((await asPerson('POST', '/api/auth/acme/link', { code })).status).toBe(200);
  });

  test('is refused once the session that started it has ended', async () => {
    const { id, accessToken } = await anAccount();
    const subject = someone();
    const { browser, url } = await beginLink(accessToken);
    const back = await acme.visit(url, subject);
    await ask(accessToken, 'DELETE', '/api/auth/sessions');
    expect(outcome(await browser.go(back))).toEqual([401, 'session-ended']);
    expect((await signIn(subject)).body.user.id).not.toBe(id);
  });

  test('is mailed to the owner, listed and exported, and so is its removal', async () => {
    const { id, email, accessToken } = await anAccount();
    const subject = someone();
    expect(await identities(accessToken)).toEqual([]);
    await link(accessToken, subject);
    const linked = { provider: 'acme', email: `${subject}@example.com`, linkedAt: expect.any(String) };
    expect(await identities(accessToken)).toEqual([linked]);
    expect((await ask(accessToken, 'GET', '/api/users/me/export')).body.identities).toEqual([linked]);
    const { linkedAt: _, ...named } = { ...linked, providerEmail: linked.email, email };
    expect((await published('user.identity_linked', id)).data).toMatchObject({ userId: id, ...named });
    await unlink(accessToken);
    expect((await published('user.identity_unlinked', id)).data).toMatchObject({ userId: id, ...named });
    expect(await identities(accessToken)).toEqual([]);
  });
});

describe('removing a link', () => {
  test('needs the password or a recent sign-in', async () => {
    const { id, accessToken } = await anAccount();
    const subject = someone();
    await link(accessToken, subject);
    await identity.minutesPass(id, 11);
    expect(outcome(await unlink(accessToken, {}))).toEqual([403, 'recent-sign-in-required']);
    expect(outcome(await unlink(accessToken, { password: 'wrong horse' }))).toEqual([403, 'wrong-password']);
    expect((await signIn(subject)).body.user.id).toBe(id);
    expect((await unlink(accessToken)).status).toBe(204);
    expect((await unlink(accessToken)).status).toBe(204);
  });

  test('is refused if the account has no other way to sign in', async () => {
    const subject = someone();
    const { user, accessToken } = (await signIn(subject)).body;
    expect(outcome(await unlink(accessToken, {}))).toEqual([409, 'only-sign-in-method']);
    expect((await signIn(subject)).body.user.id).toBe(user.id);
    await identity.resetByMail(user.email, PASSWORD);
    const { body } = await identity.login(user.email);
    expect((await unlink(body.accessToken)).status).toBe(204);
  });
});

describe('an identity with the email address of an account', () => {
  test('is linked to it, and the owner is notified', async () => {
    const { id, email } = await anAccount();
    expect((await signIn(someone({ email }))).body.user.id).toBe(id);
    expect((await published('user.identity_linked', id)).data).toMatchObject({ userId: id, email, provider: 'acme', providerEmail: email });
  });

  test('never replaces another identity of that provider', async () => {
    const { id, email, accessToken } = await anAccount();
    const [first, second] = [someone(), someone({ email })];
    await link(accessToken, first);
    expect(outcome(await signIn(second))).toEqual([409, 'provider-already-linked']);
    expect((await signIn(first)).body.user.id).toBe(id);
    expect(await identities(accessToken)).toMatchObject([{ email: `${first}@example.com` }]);
  });

  test('gets no account and reveals none if the provider is not trusted', async () => {
    const { id, email } = await anAccount();
    const [taken, free] = [someone({ email }, careless), someone({}, careless)];
    for (const subject of [taken, free]) expect(outcome(await signIn(subject, careless))).toEqual([403, 'email-not-trusted']);
    expect(identity.published.filter(({ type, subject }) => type === 'user.identity_linked' && subject === id)).toEqual([]);
  });

  test('signs in with an untrusted provider once the owner has linked it', async () => {
    const { id, accessToken } = await anAccount();
    const subject = someone({ email_verified: false }, careless);
    const answer = await ask(accessToken, 'POST', '/api/auth/careless/link', {});
    const browser = aBrowser();
    browser.cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect((await browser.go(await careless.visit(answer.body.url, subject))).status).toBe(200);
    expect((await signIn(subject, careless)).body.user.id).toBe(id);
  });
});

describe('a password reset', () => {
  /**
   * An account with a link from a version that required no verified email address and stored no
   * date.
   */
  async function withOldLink() {
    const { body } = await identity.register(anAddress());
    const id: string = body.user.id;
    const subject = someone();
    const stored: Key<string> = identityKey(acme.settings.issuer, subject);
    await identity.store.transact([linksKey(id), stored], () => ({
      write: [put(stored, id), put(linksKey(id), { acme: stored })],
      result: undefined,
    }));
    return { id, email: String(body.user.email), subject };
  }

  test('removes an identity linked before the email address was verified, and notifies the owner', async () => {
    const { id, email, subject } = await withOldLink();
    expect((await signIn(subject)).body.user.id).toBe(id);
    expect((await identity.resetByMail(email, 'a newer horse')).status).toBe(204);
    expect((await signIn(subject)).body.user.id).not.toBe(id);
    const { body } = await identity.login(email, 'a newer horse');
    expect(await identities(body.accessToken)).toEqual([]);
    expect((await published('user.identity_unlinked', id)).data).toMatchObject({ email, provider: 'acme', providerEmail: null });
  });

  test('keeps an identity linked after the email address was verified', async () => {
    const { id, email, accessToken } = await anAccount();
    const subject = someone();
    await link(accessToken, subject);
    await identity.resetByMail(email, 'a newer horse');
    expect((await signIn(subject)).body.user.id).toBe(id);
  });

  test('invalidates a sign-in with a provider whose tokens were not fetched yet', async () => {
    const { email } = await anAccount();
    const subject = someone({ email });
    const verifier = secret();
    const browser = aBrowser();
    const start = `/api/auth/acme?${new URLSearchParams({ returnTo: '/account', challenge: sha256(verifier) }).toString()}`;
    const { location } = await browser.go(await acme.visit(String((await browser.go(start)).location), subject));
    await identity.resetByMail(email, 'a newer horse');
    const code = location?.searchParams.get('code');
    expect(outcome(await identity.request('POST', '/api/auth/token/exchange', { code, verifier }))).toEqual([401, 'sign-in-failed']);
  });

  test('leaves a link in the old format, which can be listed and removed', async () => {
    const { id, email, subject } = await withOldLink();
    const { accessToken } = (await identity.login(email)).body;
    expect(await identities(accessToken)).toEqual([{ provider: 'acme', email: null, linkedAt: null }]);
    expect((await unlink(accessToken)).status).toBe(204);
    expect((await signIn(subject)).body.user.id).not.toBe(id);
  });
});
