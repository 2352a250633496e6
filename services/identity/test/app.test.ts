import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createVerifier } from '@sidecart/chassis/auth';
import { openDocuments } from '@sidecart/chassis/documents';
import { put, remove } from '@sidecart/chassis/state';
import { openStore } from '@sidecart/chassis/store';
import { JwkSet, PublicKeys } from '@sidecart/contracts/access-token';
import { until } from '@sidecart/runner/until';
import { startApp } from '@sidecart/testing/app';
import { bootstrapKey, ensureAdmin } from '../src/accounts/first-admin.js';
import { createApp } from '../src/app.js';
import { createPasswords } from '../src/accounts/hashing.js';
import { ownerKey, userByEmail, userKey } from '../src/accounts/store.js';
import { PASSWORD, someSettings, startIdentity, type Identity } from './identity.js';

let identity: Identity;
beforeAll(async () => void (identity = await startIdentity()));
afterAll(() => identity.close());

const announced = (type: string, userId: string) =>
  until(`${type} is published`, 5, async () =>
    identity.published.find(({ type: each, data }) => each === type && JSON.stringify(data).includes(userId)),
  );

async function suspend(email: string): Promise<void> {
  const user = await userByEmail(identity.store, email);
  if (!user) throw new Error(`${email} has no account`);
  const key = userKey(user.id);
  await identity.store.transact([key], () => ({ write: [put(key, { ...user, status: 'suspended' as const })], result: undefined }));
}

describe('registering', () => {
  test('creates a customer who can sign in, and publishes both', async () => {
    const { status, body } = await identity.register('New@Example.com', { 'x-cart-session-id': 'guest-1' });
    expect(status).toBe(200);
    expect(body).toEqual({
      user: {
        id: expect.any(String),
        email: 'New@Example.com',
        name: 'Ann',
        role: 'customer',
        permissions: [],
        phone: null,
        locale: 'en',
        picture: null,
        createdAt: expect.any(String),
      },
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      expiresIn: 900,
    });
    const userId = body.user.id;
    expect(await announced('user.registered', userId)).toMatchObject({
      subject: userId,
      sequence: 1,
      data: { userId, email: 'New@Example.com', name: 'Ann', locale: 'en' },
    });
    expect(await announced('user.signed_in', userId)).toMatchObject({ data: { userId, cartSession: 'guest-1' } });
    expect((await identity.withToken(body.accessToken, 'GET', '/api/users/me')).body).toEqual(body.user);
  });

  test('stores the password only as an Argon2id hash, and never returns it', async () => {
    const { body } = await identity.register('secret@example.com');
    const stored = await userByEmail(identity.store, 'secret@example.com');
    expect(stored?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=1024,p=1,t=1\$/);
    await announced('user.registered', body.user.id);
    for (const each of [body, stored, identity.published]) expect(JSON.stringify(each)).not.toContain(PASSWORD);
    expect(JSON.stringify([body, identity.published])).not.toContain('argon2');
  });

  test.each(['taken-1@example.com', ' TAKEN-2@Example.COM ', 'ｔａｋｅｎ-3@example.com'])(
    'responds the same for %j, which has an account, and mails its owner',
    async (spelling) => {
      const email = spelling.normalize('NFKC').trim();
      const fields = { email: spelling, password: 'another horse', name: 'Eve' };
      const first = await identity.request('POST', '/api/auth/register', { ...fields, email: email.toLowerCase(), password: PASSWORD });
      const second = await identity.request('POST', '/api/auth/register', fields);
      expect([first.status, second.status, second.body]).toEqual([202, 202, { email, status: 'pending' }]);
      expect(Object.keys(first.body)).toEqual(Object.keys(second.body));
      await identity.mailed('already-registered', email.toLowerCase());
      expect((await identity.login(email, 'another horse')).status).toBe(401);
      expect((await identity.login(email)).body.user.name).toBe('Eve');
      await identity.request('POST', '/api/auth/register', fields);
      expect(identity.mails.filter(({ template, to }) => template === 'already-registered' && to === email.toLowerCase())).toHaveLength(1);
    },
  );

  test('creates one account when twenty people register the same address concurrently', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => {
        const email = n % 2 ? 'Race@example.com' : 'race@example.com';
        return identity.request('POST', '/api/auth/register', { email, password: `${PASSWORD} ${n}`, name: `Ann ${n}` });
      }),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(20);
    const owner = await userByEmail(identity.store, 'race@example.com');
    await announced('user.registered', owner?.id ?? '');
    const ofRace = (data: unknown) => JSON.stringify(data).toLowerCase().includes('race@');
    expect(identity.published.filter(({ type, data }) => type === 'user.registered' && ofRace(data))).toHaveLength(1);
  });

  test.each([
    ['role', { role: 'admin' }],
    ['email', { email: 'no address' }],
    ['email', { email: 'a@b' }],
    ['email', { email: `${'a'.repeat(200)}@example.com` }],
    ['password', { password: 'short' }],
    ['password', { password: 'p'.repeat(129) }],
    ['name', { name: ' ' }],
    ['name', { name: 'n'.repeat(101) }],
    ['name', { name: 'Ann\r\nBcc: all@example.com' }],
    ['locale', { locale: 'klingon' }],
  ])('names %s if it is invalid', async (field, change) => {
    const fields = { email: 'wrong@example.com', password: PASSWORD, name: 'Ann', ...change };
    const { status, body } = await identity.request('POST', '/api/auth/register', fields);
    expect([status, body.errors[0].field]).toEqual([400, field]);
    expect(await identity.store.read(ownerKey('wrong@example.com'))).toBeUndefined();
  });
});

describe('signing in', () => {
  test('accepts any capitalization of the email address, and merges the guest cart', async () => {
    const { body: registered } = await identity.register('ann@example.com');
    const { status, body } = await identity.login(' ANN@example.com', PASSWORD, { 'x-cart-session-id': 'guest-2' });
    expect([status, body.user, body.expiresIn]).toEqual([200, registered.user, 900]);
    await until('the sign-in is published', 5, async () => identity.published.some(({ data }) => JSON.stringify(data).includes('guest-2')));
  });

  test('responds the same for an unknown email address and a wrong password', async () => {
    await identity.register('known@example.com');
    const [unknown, wrong] = await Promise.all([identity.login('unknown@example.com'), identity.login('known@example.com', 'wrong horse')]);
    const { requestId: _, ...problem } = unknown.body;
    expect(problem).toMatchObject({ status: 401, type: 'https://sidecart.dev/problems/invalid-credentials' });
    expect(wrong.body).toMatchObject(problem);
    expect(Object.keys(wrong.body)).toEqual(Object.keys(unknown.body));
  });

  test('says that an account is suspended only to someone who knows the password', async () => {
    const { body } = await identity.register('suspended@example.com');
    await suspend('suspended@example.com');
    expect((await identity.login('suspended@example.com', 'wrong horse')).status).toBe(401);
    expect((await identity.login('suspended@example.com')).body).toMatchObject({ status: 403, title: 'Account suspended' });
    expect((await identity.refresh(body.refreshToken)).status).toBe(401);
  });

  test('responds with 503 and Retry-After when too many sign-ins wait', async () => {
    const slow = await startIdentity({ PASSWORD_QUEUE: '1', PASSWORD_PASSES: '60' });
    try {
      const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => slow.login(`nobody-${n}@example.com`)));
      const refused = answers.filter(({ status }) => status === 503);
      expect(answers.filter(({ status }) => status === 401).length).toBe(30 - refused.length);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
      expect((await slow.login('nobody@example.com')).status).toBe(401);
    } finally {
      await slow.close();
    }
  });
});

describe('your profile', () => {
  test('needs an access token', async () => {
    expect((await identity.request('GET', '/api/users/me')).status).toBe(401);
    expect((await identity.request('PATCH', '/api/users/me', { name: 'Bea' })).status).toBe(401);
  });

  test('changes name and language, and nothing else', async () => {
    const { body } = await identity.register('profile@example.com');
    const changed = await identity.withToken(body.accessToken, 'PATCH', '/api/users/me', { name: 'Bea', locale: 'de-AT' });
    expect(changed.body).toEqual({ ...body.user, name: 'Bea', locale: 'de-AT' });
    expect((await identity.withToken(body.accessToken, 'GET', '/api/users/me')).body).toEqual(changed.body);
    expect(await userByEmail(identity.store, 'profile@example.com')).toMatchObject({ name: 'Bea', version: 2 });
  });

  test.each(['role', 'status', 'email', 'passwordHash', 'version'])('refuses a new %s', async (field) => {
    const email = `mass-${field.toLowerCase()}@example.com`;
    const { body } = await identity.register(email);
    const before = await userByEmail(identity.store, email);
    const { status, body: problem } = await identity.withToken(body.accessToken, 'PATCH', '/api/users/me', {
      name: 'Bea',
      [field]: 'admin',
    });
    expect([status, problem.errors]).toEqual([400, [{ field, message: 'This field is unknown.' }]]);
    expect(await userByEmail(identity.store, email)).toEqual(before);
  });
});

describe('the public keys', () => {
  test('are public, and verify an access token anywhere', async () => {
    const { status, headers, body } = await identity.request('GET', '/.well-known/jwks.json');
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=30']);
    expect(body.keys.map(({ kid }: { kid: string }) => kid)).toEqual(['newest', 'older']);
    for (const key of body.keys) expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    const { body: signedIn } = await identity.register('verified@example.com');
    const verify = createVerifier({ keySet: async () => JwkSet.parse(body) });
    expect(await verify(signedIn.accessToken)).toMatchObject({
      id: signedIn.user.id,
      role: 'customer',
      email: 'verified@example.com',
      name: 'Ann',
    });
  });

  test('are returned to other services only', async () => {
    expect((await identity.request('POST', '/internal/keys', {})).status).toBe(404);
    const { body } = await identity.request('GET', '/.well-known/jwks.json');
    expect(await identity.call(PublicKeys, {})).toEqual({ output: body });
  });
});

describe('the admin', () => {
  test('is created on the first start and can sign in', async () => {
    const { status, body } = await identity.login('admin@shop.example', 'only for tests');
    expect([status, body.user.role]).toEqual([200, 'admin']);
  });

  test('is created once by two replicas that start concurrently', async () => {
    const settings = someSettings({ ADMIN_EMAIL: 'second@shop.example' });
    const passwords = createPasswords({ memoryKiB: 1_024, passes: 1, maxWaiting: 10 });
    const app = await startApp('identity', settings, async (deps) => {
      const other = await openStore({ dapr: deps.dapr, app: 'identity', replica: 'other' });
      const made = await Promise.all([ensureAdmin(deps, passwords), ensureAdmin({ settings, store: other }, passwords)]);
      expect(made.filter(Boolean)).toHaveLength(1);
      expect(await ensureAdmin(deps, passwords)).toBe(false);
      await other.close();
      return createApp({
        ...deps,
        documents: await openDocuments({ url: 'memory:' }),
        sendMail: async () => ({}),
        sendSms: async () => ({}),
      });
    });
    try {
      const credentials = { email: 'second@shop.example', password: 'only for tests' };
      expect((await app.request('POST', '/api/auth/login', credentials)).body.user.role).toBe('admin');
    } finally {
      await app.close();
    }
  });

  describe('is not created again', () => {
    const passwords = createPasswords({ memoryKiB: 1_024, passes: 1, maxWaiting: 10 });
    const restart = (ADMIN_EMAIL = 'admin@shop.example') =>
      ensureAdmin({ settings: someSettings({ ADMIN_EMAIL }), store: identity.store }, passwords);
    let other: { accessToken: string; id: string };

    beforeAll(async () => {
      const email = 'other@shop.example';
      const { body } = await identity.register(email);
      await identity.verifyEmail(email);
      const { accessToken } = (await identity.login('admin@shop.example', 'only for tests')).body;
      await identity.withToken(accessToken, 'PATCH', `/api/users/${body.user.id}`, { role: 'admin' });
      other = { accessToken: (await identity.login(email)).body.accessToken, id: body.user.id };
    });

    test('if it has another email address by now', async () => {
      expect(await restart('renamed@shop.example')).toBe(false);
      expect(await userByEmail(identity.store, 'renamed@shop.example')).toBeUndefined();
    });

    test('if an earlier version created admins', async () => {
      await identity.store.transact([bootstrapKey], () => ({ write: [remove(bootstrapKey)], result: undefined }));
      expect(await restart('renamed@shop.example')).toBe(false);
      expect(await identity.store.read(bootstrapKey)).toBeDefined();
    });

    test('after it was deleted', async () => {
      const admin = await userByEmail(identity.store, 'admin@shop.example');
      expect((await identity.withToken(other.accessToken, 'DELETE', `/api/users/${admin?.id}`)).status).toBe(204);
      expect(await restart()).toBe(false);
      expect((await identity.login('admin@shop.example', 'only for tests')).status).toBe(401);
    });
  });

  test('does not take over an existing account', async () => {
    await identity.register('owner@example.com');
    const passwords = createPasswords({ memoryKiB: 1_024, passes: 1, maxWaiting: 10 });
    const settings = someSettings({ ADMIN_EMAIL: 'Owner@example.com' });
    expect(await ensureAdmin({ settings, store: identity.store }, passwords)).toBe(false);
    expect((await identity.login('owner@example.com')).body.user.role).toBe('customer');
  });
});

test('the OpenAPI document lists every public route, and no internal one', async () => {
  const { body } = await identity.request('GET', '/openapi.json');
  const paths = Object.keys(body.paths);
  expect(paths).toEqual(expect.arrayContaining(['/api/auth/register', '/api/auth/login', '/api/users/me', '/.well-known/jwks.json']));
  expect(paths.filter((path) => path.startsWith('/internal'))).toEqual([]);
});
