import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { App } from '@sidecart/chassis/service';
import type { NewEvent } from '@sidecart/contracts/event';
import { UserDeleted, UserRegistered } from '@sidecart/contracts/identity';
import { InventorySubscriptionDue } from '@sidecart/contracts/inventory';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded } from '@sidecart/contracts/orders';
import { listen } from '@sidecart/runner/listen';
import { startMailCatcher, type Mail } from '@sidecart/runner/mail-catcher';
import { startApp, type TestApp } from '@sidecart/testing/app';
import { aUser } from '@sidecart/testing/tokens';
import { SMTPServer } from 'smtp-server';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';
import { attempted, delivered } from './delivered.js';
import { anOrder } from './order.js';

type Catcher = Awaited<ReturnType<typeof startMailCatcher>>;
let catcher: Catcher;
let app: TestApp;

const start = (smtpPort: number) =>
  startApp('notifications', Settings.parse({ SMTP_URL: `smtp://127.0.0.1:${smtpPort}`, SMTP_TLS: 'off' }), createApp);

/** Starts the app. `turn` runs its cron as if some minutes had passed. */
async function startWithCron(smtpPort: number) {
  let onCron: App['onCron'];
  const other = await startApp('notifications', Settings.parse({ SMTP_URL: `smtp://127.0.0.1:${smtpPort}`, SMTP_TLS: 'off' }), (deps) => {
    const made = createApp(deps);
    onCron = made.onCron;
    return made;
  });
  const turn = (minutes: number) => onCron?.(new Date(Date.now() + minutes * 60_000));
  return { other, turn };
}

beforeAll(async () => {
  catcher = await startMailCatcher({ smtpPort: 0, httpPort: 0 });
  app = await start(catcher.smtpPort);
});
afterAll(() => Promise.all([app.close(), catcher.close()]));

const admin = { as: aUser({ role: 'admin' }) };
const someone = () => `${randomUUID()}@example.com`;
const registered = (email: string): NewEvent & { id: string } => ({
  id: randomUUID(),
  ...UserRegistered('ann', 1, { userId: 'ann', email, name: 'Ann', locale: 'en' }),
});

async function mailsTo(email: string, { url }: Pick<Catcher, 'url'> = catcher): Promise<Mail[]> {
  const answer = await fetch(`${url}/api/messages?to=${email}`);
  return JSON.parse(await answer.text()).data;
}

describe('an event', () => {
  test.each([
    [
      'user.registered',
      'Welcome',
      'welcome',
      'ann',
      (email: string) => UserRegistered('ann', 1, { userId: 'ann', email, name: 'Ann', locale: 'en' }),
    ],
    [
      'order.placed',
      'We have received your order SC-7K3M-Q2XD',
      'order-placed',
      'order-1',
      (email: string) => OrderPlaced('order-1', 1, orderOf(email)),
    ],
    [
      'order.paid',
      'We have received your payment for order SC-7K3M-Q2XD',
      'order-paid',
      'order-1',
      (email: string) => OrderPaid('order-1', 2, orderOf(email)),
    ],
    [
      'order.cancelled',
      'Your order SC-7K3M-Q2XD was cancelled',
      'order-cancelled',
      'order-1',
      (email: string) => OrderCancelled('order-1', 2, orderOf(email)),
    ],
    [
      'order.refunded',
      'Your order SC-7K3M-Q2XD was refunded',
      'order-refunded',
      'order-1',
      (email: string) => OrderRefunded('order-1', 3, orderOf(email)),
    ],
    [
      'inventory.subscription_due',
      'Pocket compass is back in stock',
      'back-in-stock',
      'product-1',
      (email: string) =>
        InventorySubscriptionDue('COMPASS-1', 4, {
          sku: 'COMPASS-1',
          productId: 'product-1',
          name: 'Pocket compass',
          subscriber: { userId: 'ann', email, name: 'Ann' },
        }),
    ],
  ])('%s sends one mail, and lists it', async (_type, subject, template, reference, event) => {
    const email = someone();
    const id = randomUUID();
    expect(await app.deliver({ id, ...event(email) })).toBe('SUCCESS');
    await delivered(app, id);
    const [mail, ...more] = await mailsTo(email);
    expect(more).toEqual([]);
    expect(mail).toMatchObject({ from: 'shop@shop.example', to: [email], subject, text: expect.stringContaining('Hello Ann,') });
    expect(mail?.html).toContain('<p>Hello Ann,</p>');
    const { body } = await app.request('GET', '/api/notifications/emails?limit=1', undefined, admin);
    const state = { status: 'sent', attempts: 1, error: null };
    expect(body.data).toEqual([{ id, channel: 'email', to: email, subject, template, ...state, at: expect.any(String), reference }]);
  });

  test('that is repeated sends no second mail', async () => {
    const email = someone();
    const event = registered(email);
    expect([await app.deliver(event), await app.deliver(event)]).toEqual(['SUCCESS', 'SUCCESS']);
    await delivered(app, event.id);
    expect(await app.deliver(event)).toBe('SUCCESS');
    await delivered(app, event.id);
    expect(await mailsTo(email)).toHaveLength(1);
  });

  test('that is delivered ten times concurrently sends one mail', async () => {
    const email = someone();
    const event = registered(email);
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => app.deliver(event)));
    expect(new Set(outcomes)).toEqual(new Set(['SUCCESS']));
    await delivered(app, event.id);
    expect(await mailsTo(email)).toHaveLength(1);
    const { body } = await app.request('GET', '/api/notifications/emails?limit=100', undefined, admin);
    expect(body.data.filter(({ to }: { to: string }) => to === email)).toHaveLength(1);
  });

  test('that is malformed becomes a dead letter', async () => {
    expect(await app.deliver({ ...registered(someone()), data: { userId: 'ann' } })).toBe('DROP');
    expect(await app.deliver({ ...registered(someone()), version: 2 })).toBe('DROP');
  });

  test('is saved while the mail server is down, and sends one mail when it is back', async () => {
    const first = await startMailCatcher({ smtpPort: 0, httpPort: 0 });
    const { other, turn } = await startWithCron(first.smtpPort);
    try {
      await first.close();
      const email = someone();
      const event = registered(email);
      expect(await other.deliver(event)).toBe('SUCCESS');
      expect(await attempted(other, event.id, 1)).toMatchObject({ status: 'queued', error: expect.stringContaining('ECONNREFUSED') });
      await turn(2);
      expect(await attempted(other, event.id, 2)).toMatchObject({ status: 'queued' });
      const back = await startMailCatcher({ smtpPort: first.smtpPort, httpPort: 0 });
      await turn(4);
      expect(await delivered(other, event.id)).toMatchObject({ status: 'sent', attempts: 3, error: null, content: null });
      await turn(40);
      expect(await mailsTo(email, back)).toHaveLength(1);
      await back.close();
    } finally {
      await other.close();
    }
  });

  test.each([
    [550, 'failed', 'The mail server refused the recipient.'],
    [452, 'queued', expect.stringContaining('not here')],
  ])('for a recipient that the mail server refuses with %d is %s', async (responseCode, status, error) => {
    const smtp = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      closeTimeout: 100,
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('not here'), { responseCode })),
    });
    const other = await start(await listen(smtp.server, 0, '127.0.0.1'));
    try {
      const event = registered(someone());
      expect(await other.deliver(event)).toBe('SUCCESS');
      expect(await attempted(other, event.id, 1)).toMatchObject({ status, error });
      const { body } = await other.request('GET', '/api/notifications/emails', undefined, admin);
      expect(body.data).toMatchObject([{ id: event.id, status, attempts: 1, error }]);
    } finally {
      await other.close();
      await new Promise<void>((done) => smtp.close(done));
    }
  });
});

describe('for a person who has deleted the account', () => {
  const sent = async (id: string): Promise<{ to: string }> => {
    const { body } = await app.request('GET', '/api/notifications/emails?limit=100', undefined, admin);
    return body.data.find((message: { id: string }) => message.id === id);
  };
  const registration = (userId: string, email: string) => ({
    id: randomUUID(),
    ...UserRegistered(userId, 1, { userId, email, name: 'Ann', locale: 'en' }),
  });

  test('removes the email address of that person only', async () => {
    const [userId, email, other] = [randomUUID(), someone(), registration(randomUUID(), someone())];
    const events = Array.from({ length: 60 }, () => registration(userId, email));
    for (const event of [...events, other]) await app.deliver(event);
    await delivered(app, other.id);
    for (const _ of ['first', 'repeated']) expect(await app.deliver(UserDeleted(userId, 2, { userId }))).toBe('SUCCESS');
    for (const { id } of events) expect((await sent(id)).to).toBe('');
    expect((await sent(other.id)).to).toMatch(/@example.com$/);
  });

  test('neither sends nor stores anything later', async () => {
    const [userId, email] = [randomUUID(), someone()];
    expect(await app.deliver(UserDeleted(userId, 2, { userId }))).toBe('SUCCESS');
    const late = registration(userId, email);
    await app.deliver(late);
    expect(await delivered(app, late.id)).toMatchObject({ to: '', status: 'failed', error: 'the account was deleted', content: null });
    expect(await mailsTo(email)).toEqual([]);
  });

  test('a malformed event becomes a dead letter', async () => {
    expect(await app.deliver({ ...UserDeleted('ann', 2, { userId: 'ann' }), data: {} })).toBe('DROP');
  });
});

test('markup in a name arrives as text', async () => {
  const email = someone();
  const name = '<a href="https://evil.example">Ann</a>';
  const id = randomUUID();
  await app.deliver({ id, ...UserRegistered('ann', 1, { userId: 'ann', email, name, locale: 'en' }) });
  await delivered(app, id);
  const [mail] = await mailsTo(email);
  expect(mail?.html).not.toContain('<a');
  expect(mail?.html).toContain('Hello &lt;a href=&quot;https://evil.example&quot;&gt;Ann&lt;/a&gt;,');
});

test('treats an email address as one recipient, whatever it contains', async () => {
  const email = someone();
  const event = registered(`${email}, other@example.com`);
  expect(await app.deliver(event)).toBe('SUCCESS');
  expect(await delivered(app, event.id)).toMatchObject({ status: 'failed' });
  expect(await mailsTo('other@example.com')).toEqual([]);
});

describe('the list of mails', () => {
  test('is for admins', async () => {
    const path = '/api/notifications/emails';
    expect((await app.request('GET', path)).status).toBe(401);
    for (const role of ['customer', 'staff'] as const)
      expect((await app.request('GET', path, undefined, { as: aUser({ role }) })).status).toBe(403);
  });

  test('is paged, newest first', async () => {
    const emails = [someone(), someone(), someone()];
    for (const email of emails) await app.deliver(registered(email));
    const first = await app.request('GET', '/api/notifications/emails?limit=2', undefined, admin);
    const second = await app.request('GET', `/api/notifications/emails?limit=1&cursor=${first.body.next}`, undefined, admin);
    expect([...first.body.data, ...second.body.data].map(({ to }) => to)).toEqual(emails.toReversed());
  });

  test.each(['limit=0', 'limit=101', 'cursor=x', 'page=2'])('refuses ?%s', async (query) => {
    expect((await app.request('GET', `/api/notifications/emails?${query}`, undefined, admin)).status).toBe(400);
  });
});

const orderOf = (email: string) => anOrder({ buyer: { userId: 'ann', email, name: 'Ann' } });
