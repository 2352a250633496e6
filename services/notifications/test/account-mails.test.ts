import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  EmailChanged,
  IdentityLinked,
  IdentityUnlinked,
  PasswordChanged,
  PhoneChanged,
  RefreshTokenReused,
  TwoFactorChanged,
} from '@sidecart/contracts/identity';
import { SendMail, SendSms, type Mail } from '@sidecart/contracts/notifications';
import { startMailCatcher, type Mail as Caught } from '@sidecart/runner/mail-catcher';
import { startApp, type TestApp } from '@sidecart/testing/app';
import { aUser } from '@sidecart/testing/tokens';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';
import { delivered } from './delivered.js';

let catcher: Awaited<ReturnType<typeof startMailCatcher>>;
let app: TestApp;
beforeAll(async () => {
  catcher = await startMailCatcher({ smtpPort: 0, httpPort: 0 });
  app = await startApp('notifications', Settings.parse({ SMTP_URL: `smtp://127.0.0.1:${catcher.smtpPort}`, SMTP_TLS: 'off' }), createApp);
});
afterAll(() => Promise.all([app.close(), catcher.close()]));

async function mailsTo(email: string): Promise<Caught[]> {
  return JSON.parse(await (await fetch(`${catcher.url}/api/messages?to=${email}`)).text()).data;
}

const someone = () => ({ id: randomUUID(), to: `${randomUUID()}@example.com`, name: 'Ann', userId: 'ann' });
const secret = { code: '271828', link: 'https://shop.example/account#token=314159' };

const requests: ((to: ReturnType<typeof someone>) => Mail)[] = [
  (to) => ({ ...to, ...secret, template: 'verify-email' }),
  (to) => ({ ...to, template: 'already-registered' }),
  (to) => ({ ...to, ...secret, template: 'reset-password' }),
  (to) => ({ ...to, code: secret.code, template: 'change-email' }),
  (to) => ({ ...to, code: secret.code, template: 'second-factor' }),
];

describe('a mail that another service requests', () => {
  test.each(requests.map((make) => ({ template: make(someone()).template, make })))('$template is sent once', async ({ make }) => {
    const mail = make(someone());
    expect([await app.call(SendMail, mail), await app.call(SendMail, mail)]).toEqual([{ output: {} }, { output: {} }]);
    await delivered(app, mail.id);
    const [sent, ...more] = await mailsTo(mail.to);
    expect(more).toEqual([]);
    expect(sent?.text).toContain('Hello Ann,');
    if ('code' in mail) expect(sent?.text).toContain(mail.code);
    if ('link' in mail) expect(sent?.text).toContain(mail.link);
  });

  test('stores no secret once it is sent', async () => {
    const mail: Mail = { ...someone(), ...secret, template: 'reset-password' };
    await app.call(SendMail, mail);
    expect(JSON.stringify(await delivered(app, mail.id))).not.toContain(secret.code);
    const { body } = await app.request('GET', '/api/notifications/emails?limit=1', undefined, { as: aUser({ role: 'admin' }) });
    expect(body.data).toMatchObject([{ id: mail.id, to: mail.to, template: 'reset-password', reference: 'ann' }]);
    for (const hidden of [secret.code, '314159']) expect(JSON.stringify([body, app.published])).not.toContain(hidden);
  });

  test('is refused with a malformed code, and from outside', async () => {
    const mail = { ...someone(), template: 'second-factor', code: 'Click here' };
    expect((await app.inside('/internal/mails', { inputs: [mail] })).status).toBe(400);
    expect((await app.request('POST', '/internal/mails', { inputs: [] })).status).toBe(404);
  });
});

test('sends a text message once through the binding `sms`, and stores no code', async () => {
  const sms = { id: randomUUID(), to: '+4915112345678', userId: 'ann', template: 'change-phone' as const, code: '161803' };
  expect([await app.call(SendSms, sms), await app.call(SendSms, sms)]).toEqual([{ output: {} }, { output: {} }]);
  expect(JSON.stringify(await delivered(app, sms.id))).not.toContain(sms.code);
  const { body } = await app.request('GET', '/api/notifications/emails?limit=2', undefined, { as: aUser({ role: 'admin' }) });
  expect(body.data[0]).toMatchObject({ id: sms.id, channel: 'sms', to: sms.to, subject: 'Your code' });
  expect(body.data[1]?.id).not.toBe(sms.id);
  expect(JSON.stringify(body)).not.toContain(sms.code);
  expect(await app.call(SendSms, { ...sms, id: randomUUID(), to: '+49151' }).catch(() => 'refused')).toBe('refused');
});

const owner = (email: string) => ({ userId: 'ann', email, name: 'Ann', locale: 'en' });
const atAcme = { provider: 'acme', providerEmail: 'ann@acme.example' };

test.each([
  ['Your password was changed', (email: string) => PasswordChanged('ann', 2, owner(email))],
  ['Your email address was changed', (email: string) => EmailChanged('ann', 3, { ...owner('new@example.com'), oldEmail: email })],
  ['Your phone number was changed', (email: string) => PhoneChanged('ann', 3, { ...owner(email), phone: '+4915112345678' })],
  ['Two-factor authentication is on', (email: string) => TwoFactorChanged('ann', 4, { ...owner(email), on: true })],
  ['Two-factor authentication is off', (email: string) => TwoFactorChanged('ann', 5, { ...owner(email), on: false })],
  ['A way to sign in was added', (email: string) => IdentityLinked('ann', 6, { ...owner(email), ...atAcme })],
  ['A way to sign in was removed', (email: string) => IdentityUnlinked('ann', 7, { ...owner(email), ...atAcme, providerEmail: null })],
  ['We signed out one of your devices', (email: string) => RefreshTokenReused('session-1', 1, owner(email))],
])('notifies the owner: %s', async (subject, event) => {
  const { to } = someone();
  const twice = { id: randomUUID(), ...event(to) };
  expect([await app.deliver(twice), await app.deliver(twice)]).toEqual(['SUCCESS', 'SUCCESS']);
  await delivered(app, twice.id);
  expect(await mailsTo(to)).toMatchObject([{ subject, text: expect.stringContaining('Hello Ann,') }]);
  expect(await app.deliver({ ...event(to), data: { email: to } })).toBe('DROP');
});

test('names the linked identity in the mail to the owner', async () => {
  const { id, to } = someone();
  await app.deliver({ id, ...IdentityLinked('ann', 8, { ...owner(to), ...atAcme }) });
  await delivered(app, id);
  expect((await mailsTo(to))[0]?.text).toContain('your acme account (ann@acme.example)');
});
