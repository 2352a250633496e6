import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { put } from '@sidecart/chassis/state';
import type { Answer } from '@sidecart/testing/app';
import sharp from 'sharp';
import { createPasswords } from '../../src/accounts/hashing.js';
import { sessionKey, sessionsKey } from '../../src/sessions/store.js';
import { userByEmail, userKey } from '../../src/accounts/store.js';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';
import { withTwoFactor, codeOf } from '../with-two-factor.js';

const NEWER = 'a newer horse';
const NOBODYS = '00000000-0000-4000-8000-000000000000';

let identity: Identity;
let admin: string;
/** Runs once, after the next password was compared with its hash and before the result is used. */
let meanwhile: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  const passwords = createPasswords({ memoryKiB: 1_024, passes: 1, maxWaiting: 100 });
  const matches: typeof passwords.matches = async (password, passwordHash) => {
    const same = await passwords.matches(password, passwordHash);
    const run = meanwhile;
    meanwhile = undefined;
    await run?.();
    return same;
  };
  identity = await startIdentity({}, { ...passwords, matches });
  admin = (await identity.login('admin@shop.example', 'only for tests')).body.accessToken;
});
afterAll(() => identity.close());

const anAddress = () => `${randomUUID()}@example.com`;
const slug = ({ body }: Answer) => body?.type?.split('/').at(-1);
const outcome = (answer: Answer) => [answer.status, slug(answer)];
const change = (token: string, currentPassword: string, newPassword: string) =>
  identity.withToken(token, 'POST', '/api/auth/password', { currentPassword, newPassword });
const setStatus = (id: string, status: string) => identity.withToken(admin, 'PATCH', `/api/users/${id}`, { status });

async function someone() {
  const email = anAddress();
  const { user, accessToken, refreshToken } = (await identity.register(email)).body;
  const ask = (method: string, path: string, body?: unknown) => identity.withToken(accessToken, method, path, body);
  return { email, id: String(user.id), accessToken: String(accessToken), refreshToken: String(refreshToken), ask };
}

describe('a password that is changed while it is being checked', () => {
  test('does not sign in', async () => {
    const { email, id } = await someone();
    meanwhile = () => identity.resetByMail(email, NEWER);
    expect(outcome(await identity.login(email))).toEqual([401, 'invalid-credentials']);
    expect(await identity.store.read(sessionsKey(id))).toBeUndefined();
    expect((await identity.login(email, NEWER)).status).toBe(200);
  });

  test('does not sign in after the owner changes the password', async () => {
    const { email, accessToken } = await someone();
    meanwhile = () => change(accessToken, PASSWORD, NEWER);
    expect((await identity.login(email)).status).toBe(401);
  });

  test('cannot change the password', async () => {
    const { email, accessToken } = await someone();
    meanwhile = () => identity.resetByMail(email, NEWER);
    expect(outcome(await change(accessToken, PASSWORD, 'the third horse'))).toEqual([401, 'session-ended']);
    expect((await identity.login(email, NEWER)).status).toBe(200);
  });

  test('changes the password once if two changes are concurrent', async () => {
    const { email, accessToken } = await someone();
    meanwhile = () => change(accessToken, PASSWORD, NEWER);
    expect(outcome(await change(accessToken, PASSWORD, 'the third horse'))).toEqual([403, 'wrong-password']);
    expect((await identity.login(email, NEWER)).status).toBe(200);
  });

  test('signs in if only its hash was renewed meanwhile', async () => {
    const { email, id } = await someone();
    const key = userKey(id);
    const passwordHash = await createPasswords({ memoryKiB: 512, passes: 1, maxWaiting: 1 }).hash(PASSWORD);
    await identity.store.transact([key], (docs) => {
      const user = docs.get(key);
      return { write: user ? [put(key, { ...user, passwordHash })] : [], result: undefined };
    });
    meanwhile = () => identity.login(email);
    expect((await identity.login(email)).status).toBe(200);
    expect((await userByEmail(identity.store, email))?.passwordHash).not.toBe(passwordHash);
  });
});

/** An account whose password is renewed. `code` is for the second factor, if it has one. */
interface Renewing {
  email: string;
  accessToken: string;
  code?: string | undefined;
}

describe.each([
  ['a reset', ({ email }: Renewing) => identity.resetByMail(email, NEWER)],
  [
    'a change',
    ({ accessToken, code }: Renewing) =>
      identity.withToken(accessToken, 'POST', '/api/auth/password', { currentPassword: PASSWORD, newPassword: NEWER, code }),
  ],
])('%s of the password', (_what, renew) => {
  test('invalidates a sign-in that waits for its second factor', async () => {
    const { email, secret, recoveryCodes, forgetSteps } = await withTwoFactor(identity, anAddress());
    const begin = async (password: string): Promise<string> => (await identity.login(email, password)).body.twoFactor.token;
    const verify = (token: string) => identity.request('POST', '/api/auth/2fa/verify', { token, code: codeOf(secret) });
    const { accessToken } = (await verify(await begin(PASSWORD))).body;
    await forgetSteps();
    const open = await begin(PASSWORD);
    expect((await renew({ email, accessToken, code: recoveryCodes[0] })).status).toBe(204);
    expect(outcome(await verify(open))).toEqual([401, 'sign-in-over']);
    expect((await verify(await begin(NEWER))).status).toBe(200);
  });

  test.each([
    ['address', '/api/users/me/email', 'change-email', () => ({ email: anAddress() })],
    ['phone number', '/api/users/me/phone', 'change-phone', () => ({ phone: `+4915${Math.floor(1e8 + Math.random() * 9e8)}` })],
  ] as const)('invalidates a change of the %s that waits for its code', async (_field, path, template, wanted) => {
    const { email, accessToken, ask } = await someone();
    const target = wanted();
    await ask('POST', path, { ...target, password: PASSWORD });
    const message = await identity.mailed(template, Object.values(target)[0] ?? '');
    const code = 'code' in message ? message.code : '';
    expect((await renew({ email, accessToken })).status).toBe(204);
    const { body } = await identity.login(email, NEWER);
    expect(outcome(await identity.withToken(body.accessToken, 'POST', `${path}/confirm`, { code }))).toEqual([400, 'invalid-code']);
  });
});

test('a change of the password invalidates a reset that waits for its code', async () => {
  const { email, accessToken } = await someone();
  await identity.request('POST', '/api/auth/password-reset', { email });
  const mail = await identity.mailed('reset-password', email);
  const code = 'code' in mail ? mail.code : '';
  await change(accessToken, PASSWORD, NEWER);
  const reset = await identity.request('POST', '/api/auth/password-reset/confirm', { email, code, password: 'the third horse' });
  expect(outcome(reset)).toEqual([400, 'invalid-code']);
});

test('more rights invalidate a sign-in that waits for its second factor', async () => {
  const { id, email, secret } = await withTwoFactor(identity, anAddress());
  const open = (await identity.login(email)).body.twoFactor.token;
  await identity.withToken(admin, 'PATCH', `/api/users/${id}`, { role: 'staff', permissions: ['users'] });
  const verified = await identity.request('POST', '/api/auth/2fa/verify', { token: open, code: codeOf(secret) });
  expect(outcome(verified)).toEqual([401, 'sign-in-over']);
});

/** Every route that changes something for the caller, with a valid body. */
const writes: [string, string, object | undefined][] = [
  ['PATCH', '/api/users/me', { name: 'Eve' }],
  ['POST', '/api/users/me/email', { email: 'eve@example.com', password: PASSWORD }],
  ['POST', '/api/users/me/email/confirm', { code: '123456' }],
  ['POST', '/api/users/me/phone', { phone: '+4915112345678', password: PASSWORD }],
  ['POST', '/api/users/me/phone/confirm', { code: '123456' }],
  ['DELETE', '/api/users/me/phone', { password: PASSWORD }],
  ['POST', '/api/users/me/addresses', { name: 'Eve', line1: 'Am Bach 1', postalCode: '10115', city: 'Berlin', country: 'DE' }],
  ['DELETE', `/api/users/me/addresses/${NOBODYS}`, undefined],
  ['DELETE', '/api/users/me/picture', undefined],
  ['DELETE', '/api/users/me', { password: PASSWORD }],
  ['POST', '/api/auth/password', { currentPassword: PASSWORD, newPassword: NEWER }],
  ['POST', '/api/auth/2fa', { password: PASSWORD }],
  ['POST', '/api/auth/2fa/confirm', { code: '123456' }],
  ['POST', '/api/auth/2fa/recovery-codes', { password: PASSWORD }],
  ['DELETE', '/api/auth/2fa', { password: PASSWORD }],
  ['DELETE', `/api/auth/sessions/${NOBODYS}`, undefined],
  ['DELETE', '/api/auth/sessions', undefined],
];

const uploadAs = async (token: string) => {
  const data = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const body = new FormData();
  body.append('picture', new File([new Uint8Array(data)], 'me.png'));
  return fetch(`${identity.url}/api/users/me/picture`, { method: 'PUT', headers: { authorization: `Bearer ${token}` }, body });
};

describe('an access token that has not expired', () => {
  test.each(writes)('cannot %s %s once its session has ended', async (method, path, body) => {
    const { email, refreshToken, ask } = await someone();
    await identity.request('POST', '/api/auth/logout', { refreshToken });
    const before = await userByEmail(identity.store, email);
    expect(outcome(await ask(method, path, body))).toEqual([401, 'session-ended']);
    expect(await userByEmail(identity.store, email)).toEqual(before);
  });

  test.each(writes)('cannot %s %s once its account is suspended', async (method, path, body) => {
    const { id, ask } = await someone();
    await setStatus(id, 'suspended');
    expect(outcome(await ask(method, path, body))).toEqual([403, 'account-suspended']);
    await setStatus(id, 'active');
    expect(outcome(await ask(method, path, body))).toEqual([401, 'session-ended']);
  });

  test('cannot upload a picture once its session has ended', async () => {
    const { refreshToken, accessToken } = await someone();
    expect((await uploadAs(accessToken)).status).toBe(200);
    await identity.request('POST', '/api/auth/logout', { refreshToken });
    expect((await uploadAs(accessToken)).status).toBe(401);
  });

  test('cannot change other accounts once its session has ended', async () => {
    const [clerk, customer] = [await someone(), await someone()];
    await identity.verifyEmail(clerk.email);
    await identity.withToken(admin, 'PATCH', `/api/users/${clerk.id}`, { role: 'staff', permissions: ['users'] });
    const { accessToken, refreshToken } = (await identity.login(clerk.email)).body;
    await identity.request('POST', '/api/auth/logout', { refreshToken });
    for (const [method, path, body] of [
      ['POST', '/api/users', { email: anAddress(), name: 'New' }],
      ['PATCH', `/api/users/${customer.id}`, { status: 'suspended' }],
      ['DELETE', `/api/users/${customer.id}/2fa`, undefined],
      ['DELETE', `/api/users/${customer.id}`, undefined],
    ] as const)
      expect(outcome(await identity.withToken(accessToken, method, path, body))).toEqual([401, 'session-ended']);
  });
});

describe('a session', () => {
  const sid = async (id: string) => (await identity.store.read(sessionsKey(id)))?.[0] ?? '';

  test('of an old password cannot be refreshed or verified, even if the reset missed it', async () => {
    const { email, id, accessToken, refreshToken } = await someone();
    const key = sessionKey(await sid(id));
    const session = await identity.store.read(key);
    if (!session) throw new Error('there is no session');
    await identity.resetByMail(email, NEWER);
    await identity.store.transact([key], () => ({ write: [put(key, session)], result: undefined }));
    expect((await identity.request('POST', '/api/auth/token/verify', { accessToken })).status).toBe(401);
    expect((await identity.refresh(refreshToken)).status).toBe(401);
  });

  test('from before accounts had epochs still works', async () => {
    const { id, refreshToken, ask } = await someone();
    const key = sessionKey(await sid(id));
    await identity.store.transact([key], (docs) => {
      const { epoch: _, ...stored } = docs.get(key) ?? {};
      return { write: [{ key, value: stored, ttlSeconds: undefined }], result: undefined };
    });
    expect((await ask('PATCH', '/api/users/me', { name: 'Ann' })).status).toBe(200);
    expect((await identity.refresh(refreshToken)).status).toBe(200);
  });

  test('that changed the password still works, and no other does', async () => {
    const { email, accessToken, refreshToken } = await someone();
    const other = (await identity.login(email)).body;
    expect((await change(accessToken, PASSWORD, NEWER)).status).toBe(204);
    expect((await identity.withToken(accessToken, 'PATCH', '/api/users/me', { name: 'Ann' })).status).toBe(200);
    expect((await identity.withToken(other.accessToken, 'PATCH', '/api/users/me', { name: 'Eve' })).status).toBe(401);
    expect((await identity.refresh(refreshToken)).status).toBe(200);
  });
});
