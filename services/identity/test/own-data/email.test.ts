import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '@sidecart/runner/until';
import { ownerKey, userByEmail } from '../../src/accounts/store.js';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';

let identity: Identity;
let serial = 0;
beforeAll(async () => void (identity = await startIdentity()));
afterAll(() => identity.close());

async function someone() {
  const email = `moving-${serial++}@example.com`;
  const { body } = await identity.register(email);
  const ask = (path: string, sent: unknown) => identity.withToken(body.accessToken, 'POST', `/api/users/me/email${path}`, sent);
  return { email, id: String(body.user.id), refreshToken: String(body.refreshToken), ask };
}

async function mailedCode(to: string): Promise<string> {
  const mail = await identity.mailed('change-email', to);
  return 'code' in mail ? mail.code : '';
}

test('changes the email address with a code mailed to the new one, and notifies both', async () => {
  const { email, id, refreshToken, ask } = await someone();
  expect((await ask('', { email: 'New-Home@example.com', password: PASSWORD })).status).toBe(202);
  expect((await identity.login('new-home@example.com')).status).toBe(401);
  const { status, body } = await ask('/confirm', { code: await mailedCode('New-Home@example.com') });
  expect([status, body.email]).toEqual([200, 'New-Home@example.com']);
  expect([(await identity.login('new-home@example.com')).status, (await identity.login(email)).status]).toEqual([200, 401]);
  expect(await userByEmail(identity.store, 'new-home@example.com')).toMatchObject({ id, verified: true });
  expect((await identity.refresh(refreshToken)).body.user.email).toBe('New-Home@example.com');
  const published = await until('it is published', 5, async () => identity.published.find(({ type }) => type === 'user.email_changed'));
  expect(published).toMatchObject({ subject: id, data: { email: 'New-Home@example.com', oldEmail: email } });
  expect((await identity.register(email)).status).toBe(200);
});

test('changes the capitalization of the email address', async () => {
  const { email, ask } = await someone();
  const upper = email.toUpperCase();
  await ask('', { email: upper, password: PASSWORD });
  expect((await ask('/confirm', { code: await mailedCode(upper) })).body.email).toBe(upper);
  expect((await identity.login(email)).body.user.email).toBe(upper);
});

test('does not reveal that the new email address has an account, and notifies its owner', async () => {
  const [person, other] = [await someone(), await someone()];
  const taken = await person.ask('', { email: other.email, password: PASSWORD });
  expect([taken.status, taken.body]).toEqual([202, undefined]);
  await identity.mailed('already-registered', other.email);
  expect(identity.mails.filter(({ template, to }) => template === 'change-email' && to === other.email)).toEqual([]);
});

test('gives a free email address to the first of two people who verifies it', async () => {
  const people = [await someone(), await someone()];
  const codes: string[] = [];
  for (const { ask } of people) {
    await ask('', { email: 'wanted@example.com', password: PASSWORD });
    codes.push(
      await until('a new code', 5, async () => !codes.includes(await mailedCode('wanted@example.com')) && mailedCode('wanted@example.com')),
    );
  }
  const answers = await Promise.all(people.map(({ ask }, n) => ask('/confirm', { code: codes[n] })));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  const [first, second] = people;
  const winner = answers[0]?.status === 200 ? first : second;
  expect(await identity.store.read(ownerKey('wanted@example.com'))).toBe(winner?.id);
});

test('needs the password, and invalidates the code after five wrong ones', async () => {
  const { ask } = await someone();
  const email = `never-${serial}@example.com`;
  expect((await ask('', { email, password: 'wrong horse' })).status).toBe(403);
  await ask('', { email, password: PASSWORD });
  const code = await mailedCode(email);
  for (let n = 1; n <= 5; n++)
    expect((await ask('/confirm', { code: String((Number(code) + n) % 1e6).padStart(6, '0') })).status).toBe(400);
  expect((await ask('/confirm', { code })).status).toBe(400);
  expect((await ask('', { email, password: PASSWORD })).status).toBe(429);
});

test('verifies a phone number with a code sent to it, and removes it again', async () => {
  const phone = '+4915112345678';
  const { body } = await identity.register(`caller-${serial++}@example.com`);
  const ask = (method: string, path: string, sent?: unknown) =>
    identity.withToken(body.accessToken, method, `/api/users/me/phone${path}`, sent);
  expect((await ask('POST', '', { phone: '0151 12345678', password: PASSWORD })).body).toMatchObject({ errors: [{ field: 'phone' }] });
  expect((await ask('POST', '', { phone, password: 'wrong horse' })).status).toBe(403);
  expect((await ask('POST', '', { phone, password: PASSWORD })).status).toBe(202);
  const sms = await identity.mailed('change-phone', phone);
  const code = 'code' in sms ? sms.code : '';
  expect((await ask('POST', '/confirm', { code: String((Number(code) + 1) % 1e6).padStart(6, '0') })).status).toBe(400);
  expect((await ask('POST', '/confirm', { code })).body.phone).toBe(phone);
  expect((await ask('POST', '/confirm', { code })).status).toBe(400);
  await until('it is published', 5, async () => identity.published.some(({ type }) => type === 'user.phone_changed'));
  expect((await ask('DELETE', '', { password: 'wrong horse' })).status).toBe(403);
  for (const _ of ['first', 'repeated']) expect((await ask('DELETE', '', { password: PASSWORD })).status).toBe(204);
  expect((await identity.withToken(body.accessToken, 'GET', '/api/users/me')).body.phone).toBeNull();
});
