import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '@sidecart/runner/until';
import type { Answer } from '@sidecart/testing/app';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';
import { withTwoFactor, codeOf, wrong, type TwoFactorAccount } from '../with-two-factor.js';

let identity: Identity;
beforeAll(async () => void (identity = await startIdentity()));
afterAll(() => identity.close());

const someone = () => withTwoFactor(identity, `${randomUUID()}@example.com`);
const slug = ({ body }: Answer) => body?.type?.split('/').at(-1);
const outcome = (answer: Answer) => [answer.status, slug(answer)];
const verify = (token: string, code: string, method: string) => identity.request('POST', '/api/auth/2fa/verify', { token, code, method });

describe('with an authenticator app, the mailbox alone', () => {
  test('is not a second factor: no code is offered, mailed or accepted', async () => {
    const { email } = await someone();
    const { token, methods } = (await identity.login(email)).body.twoFactor;
    expect(methods).toEqual(['totp', 'recovery']);
    expect(outcome(await identity.request('POST', '/api/auth/2fa/email', { token }))).toEqual([403, 'app-code-required']);
    expect(outcome(await verify(token, '123456', 'email'))).toEqual([400, 'invalid-code']);
    expect(identity.mails.filter((mail) => mail.template === 'second-factor' && mail.to === email)).toEqual([]);
  });

  test('does not sign in after a password reset by mail', async () => {
    const { email, secret } = await someone();
    expect((await identity.resetByMail(email, 'a newer horse')).status).toBe(204);
    const { token, methods } = (await identity.login(email, 'a newer horse')).body.twoFactor;
    expect(methods).toEqual(['totp', 'recovery']);
    expect((await identity.request('POST', '/api/auth/2fa/email', { token })).status).toBe(403);
    expect((await verify(token, codeOf(secret), 'totp')).status).toBe(200);
  });

  test('does not complete a sign-in from before the app was set up', async () => {
    const strict = await startIdentity({ STAFF_NEED_TWO_FACTOR: 'true' });
    try {
      const admin = ['admin@shop.example', 'only for tests'] as const;
      const signIn = async () => (await strict.login(...admin)).body.twoFactor.token;
      const [mailed, waiting] = [await signIn(), await signIn()];
      await strict.request('POST', '/api/auth/2fa/email', { token: mailed });
      const mail = await strict.mailed('second-factor', admin[0]);
      const code = 'code' in mail ? mail.code : '';
      const { accessToken } = (await strict.request('POST', '/api/auth/2fa/verify', { token: mailed, method: 'email', code })).body;
      const { secret } = (await strict.withToken(accessToken, 'POST', '/api/auth/2fa', { password: admin[1] })).body;
      expect((await strict.withToken(accessToken, 'POST', '/api/auth/2fa/confirm', { code: codeOf(secret) })).status).toBe(200);
      expect(outcome(await strict.request('POST', '/api/auth/2fa/email', { token: waiting }))).toEqual([403, 'app-code-required']);
    } finally {
      await strict.close();
    }
  });
});

/** All changes that need a step-up. */
const sensitive: [string, string, () => object, number][] = [
  ['POST', '/api/auth/2fa/recovery-codes', () => ({ password: PASSWORD }), 200],
  ['POST', '/api/auth/password', () => ({ currentPassword: PASSWORD, newPassword: 'a newer horse' }), 204],
  ['POST', '/api/users/me/email', () => ({ password: PASSWORD, email: `${randomUUID()}@example.com` }), 202],
  ['POST', '/api/users/me/phone', () => ({ password: PASSWORD, phone: '+4915112345678' }), 202],
  ['DELETE', '/api/users/me/phone', () => ({ password: PASSWORD }), 204],
  ['DELETE', '/api/auth/2fa', () => ({ password: PASSWORD }), 204],
  ['DELETE', '/api/users/me', () => ({ password: PASSWORD }), 204],
];

describe('with an authenticator app', () => {
  test.each(sensitive)('%s %s needs a code in addition to the password', async (method, path, body, done) => {
    const { ask, secret } = await someone();
    expect(outcome(await ask(method, path, body()))).toEqual([403, 'second-factor-required']);
    expect(outcome(await ask(method, path, { ...body(), code: wrong(codeOf(secret)) }))).toEqual([403, 'wrong-second-factor']);
    expect((await ask(method, path, { ...body(), code: codeOf(secret) })).status).toBe(done);
  });

  test.each(sensitive)('%s %s accepts a recovery code', async (method, path, body, done) => {
    const { ask, recoveryCodes } = await someone();
    expect((await ask(method, path, { ...body(), code: recoveryCodes[0] })).status).toBe(done);
  });

  test.each(sensitive)('%s %s needs the password in addition to the code', async (method, path, body) => {
    const { ask, secret } = await someone();
    const guess = 'currentPassword' in body() ? { currentPassword: 'wrong horse' } : { password: 'wrong horse' };
    expect(outcome(await ask(method, path, { ...body(), ...guess, code: codeOf(secret) }))).toEqual([403, 'wrong-password']);
  });

  const changePhone = ({ ask }: TwoFactorAccount, code: string | undefined) =>
    ask('DELETE', '/api/users/me/phone', { password: PASSWORD, code });

  test('a code works once across changes and sign-ins', async () => {
    const person = await someone();
    const code = codeOf(person.secret);
    expect((await changePhone(person, code)).status).toBe(204);
    expect(outcome(await changePhone(person, code))).toEqual([403, 'wrong-second-factor']);
    const { token } = (await identity.login(person.email)).body.twoFactor;
    expect((await verify(token, code, 'totp')).status).toBe(400);
    await person.ask('POST', '/api/auth/2fa/recovery-codes', { password: PASSWORD, code: person.recoveryCodes[0] });
    expect((await verify(token, code, 'totp')).status).toBe(400);
  });

  test('a recovery code works once, and new codes replace the old ones', async () => {
    const person = await someone();
    const [first, second] = person.recoveryCodes;
    expect((await changePhone(person, first)).status).toBe(204);
    expect(outcome(await changePhone(person, first))).toEqual([403, 'wrong-second-factor']);
    const { body } = await person.ask('POST', '/api/auth/2fa/recovery-codes', { password: PASSWORD, code: second });
    expect(body.recoveryCodes).toHaveLength(10);
    expect(outcome(await changePhone(person, person.recoveryCodes[2]))).toEqual([403, 'wrong-second-factor']);
    expect((await changePhone(person, body.recoveryCodes[0])).status).toBe(204);
  });

  test('a code is not used up by a change that is refused', async () => {
    const person = await someone();
    const [first, second] = person.recoveryCodes;
    const change = (code: string | undefined) =>
      person.ask('POST', '/api/users/me/phone', { password: PASSWORD, phone: '+4915112345678', code });
    expect((await change(first)).status).toBe(202);
    expect(outcome(await change(second))).toEqual([429, 'too-many-tries']);
    expect((await changePhone(person, second)).status).toBe(204);
  });

  test('wrong codes count together with those of sign-ins', async () => {
    const person = await someone();
    const guess = wrong(codeOf(person.secret));
    for (let n = 0; n < 10; n++) expect(outcome(await changePhone(person, guess))).toEqual([403, 'wrong-second-factor']);
    const slowed = await changePhone(person, codeOf(person.secret));
    expect([...outcome(slowed), Number(slowed.headers.get('retry-after')) > 0]).toEqual([429, 'too-many-tries', true]);
    const { token } = (await identity.login(person.email)).body.twoFactor;
    expect((await verify(token, codeOf(person.secret), 'totp')).status).toBe(429);
  });
});

describe('a reset of the second factor by staff', () => {
  let admin: string;
  beforeAll(async () => void (admin = (await identity.login('admin@shop.example', 'only for tests')).body.accessToken));
  const reset = (id: string, token = admin) => identity.withToken(token, 'DELETE', `/api/users/${id}/2fa`);

  test('ends the sessions, notifies the owner, and is in the audit trail', async () => {
    const { id, email, secret, ask } = await someone();
    const { token } = (await identity.login(email)).body.twoFactor;
    const { refreshToken } = (await verify(token, codeOf(secret), 'totp')).body;
    const open = (await identity.login(email)).body.twoFactor.token;
    expect((await reset(id)).status).toBe(204);
    expect((await identity.refresh(refreshToken)).status).toBe(401);
    expect((await verify(open, codeOf(secret), 'totp')).status).toBe(401);
    expect((await ask('PATCH', '/api/users/me', { name: 'Eve' })).status).toBe(401);
    expect((await identity.login(email)).body.accessToken).toEqual(expect.any(String));
    const published = await until('it is published', 5, async () =>
      identity.published.findLast(({ type, subject }) => type === 'user.two_factor_changed' && subject === id),
    );
    expect(published.data).toMatchObject({ email, on: false });
    const { body } = await identity.withToken(admin, 'GET', `/api/users/${id}/audit`);
    expect(body.data).toMatchObject([{ what: 'user.two_factor_reset', about: id, changes: {} }]);
    expect((await reset(id)).status).toBe(204);
    expect((await identity.withToken(admin, 'GET', `/api/users/${id}/audit`)).body.data).toHaveLength(1);
  });

  test('is refused if they may not change the account', async () => {
    const [customer, clerk] = [await someone(), await identity.registerVerified(`${randomUUID()}@example.com`)];
    expect((await reset(customer.id, clerk.body.accessToken)).status).toBe(403);
    const staff = { role: 'staff', permissions: ['users'] };
    await identity.withToken(admin, 'PATCH', `/api/users/${clerk.body.user.id}`, staff);
    await identity.withToken(admin, 'PATCH', `/api/users/${customer.id}`, { role: 'staff' });
    const { accessToken } = (await identity.login(clerk.body.user.email)).body;
    expect(outcome(await reset(customer.id, accessToken))).toEqual([403, 'only-admins']);
    expect(outcome(await reset(clerk.body.user.id, accessToken))).toEqual([403, 'own-account']);
    expect((await reset(randomUUID())).status).toBe(404);
  });
});
