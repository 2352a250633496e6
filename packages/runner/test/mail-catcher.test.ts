import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTransport, type Transporter } from 'nodemailer';
import { z } from 'zod';
import { startMailCatcher } from '../src/mail/mail-catcher.js';

const Mails = z.object({
  data: z.array(
    z.object({
      receivedAt: z.iso.datetime(),
      from: z.string(),
      to: z.array(z.string()),
      subject: z.string(),
      text: z.string(),
      html: z.string(),
    }),
  ),
});

let catcher: Awaited<ReturnType<typeof startMailCatcher>>;
let transport: Transporter;

beforeEach(async () => {
  catcher = await startMailCatcher({ smtpPort: 0, httpPort: 0 });
  transport = createTransport({ host: '127.0.0.1', port: catcher.smtpPort, pool: true, maxMessages: Infinity });
});

afterEach(async () => {
  transport.close();
  await catcher.close();
});

async function caught(query = ''): Promise<z.infer<typeof Mails>['data']> {
  const response = await fetch(`${catcher.url}/api/messages${query}`);
  return Mails.parse(await response.json()).data;
}

function mailTo(to: string, more: object = {}): Promise<unknown> {
  return transport.sendMail({ from: 'Shop <shop@example.com>', to, subject: `Hello ${to}`, text: 'Thank you', ...more });
}

test('shows the mails of one recipient, newest first', async () => {
  await mailTo('ann@example.com', { subject: 'Grüße — 1', text: 'Größe: 38 €', html: '<b>Größe: 38 €</b>' });
  await mailTo('bob@example.com');
  await mailTo('Ann <Ann@Example.com>', { subject: '2' });
  const mails = await caught('?to=ann@example.com');
  expect(mails.map(({ subject }) => subject)).toEqual(['2', 'Grüße — 1']);
  expect(mails[1]).toMatchObject({
    from: 'shop@example.com',
    to: ['ann@example.com'],
    text: 'Größe: 38 €',
    html: '<b>Größe: 38 €</b>\n',
  });
  expect(await caught()).toHaveLength(3);
});

test('shows blind copies to their recipients', async () => {
  await mailTo('ann@example.com', { bcc: 'audit@example.com' });
  expect(await caught('?to=audit@example.com')).toHaveLength(1);
});

test('keeps the newest 500 mails', async () => {
  for (let n = 1; n <= 510; n += 1) await mailTo(`c${n}@example.com`);
  const mails = await caught();
  expect([mails.length, mails[0]?.to, mails.at(-1)?.to]).toEqual([500, ['c510@example.com'], ['c11@example.com']]);
});

test('keeps at most 16 MB', async () => {
  const raw = Buffer.from(`Subject: Big\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(14_000)}`);
  for (let n = 1; n <= 20; n += 1) await mailTo(`c${n}@example.com`, { raw });
  const mails = await caught();
  expect(mails[0]?.to).toEqual(['c20@example.com']);
  expect(mails.length).toBe(Math.floor((16 * 2 ** 20) / raw.length));
});

test('refuses a mail of more than 1 MB', async () => {
  await expect(mailTo('ann@example.com', { text: 'x'.repeat(1_100_000) })).rejects.toThrow('552');
  expect(await caught()).toEqual([]);
});

test('shows the mails on a page, with their markup disabled', async () => {
  await mailTo('ann@example.com', { subject: '<script>alert(1)</script>', html: '<p title="x">Hi</p>' });
  const response = await fetch(catcher.url);
  const page = await response.text();
  expect(page).toContain('&#60;script&#62;alert(1)&#60;/script&#62;');
  expect(page).toContain('<iframe sandbox srcdoc="&#60;p title=&#34;x&#34;&#62;Hi&#60;/p&#62;');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
});

test('has no other path', async () => {
  expect((await fetch(`${catcher.url}/api/nothing`)).status).toBe(404);
  expect((await fetch(`${catcher.url}/api/messages`, { method: 'POST' })).status).toBe(404);
});
