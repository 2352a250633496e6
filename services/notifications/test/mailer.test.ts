import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { listen } from '@sidecart/runner/listen';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { Settings } from '../src/config.js';
import { createMailer, type Mail, type Mailer, type MailerOptions } from '../src/mailer.js';
import { CERTIFICATE, KEY } from './certificate.js';

const closing: (() => unknown)[] = [];
afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

const aMail = (change: Partial<Mail> = {}): Mail => ({
  id: 'event-1',
  to: 'ann@example.com',
  subject: 'Hello',
  text: 'Hello',
  html: '<p>Hello</p>',
  ...change,
});

function mailerFor(port: number, { query = '', ...options }: Partial<MailerOptions> & { query?: string } = {}): Mailer {
  const mailer = createMailer({ url: `smtp://127.0.0.1:${port}${query}`, tls: 'off', from: 'Shop <shop@example.com>', ...options });
  closing.unshift(() => mailer.close());
  return mailer;
}

interface Received {
  raw: string;
  secure: boolean;
}

async function startServer(
  tls: SMTPServerOptions = { disabledCommands: ['AUTH', 'STARTTLS'] },
): Promise<{ port: number; taken: Received[] }> {
  const taken: Received[] = [];
  const smtp = new SMTPServer({
    disabledCommands: ['AUTH'],
    closeTimeout: 100,
    onData: (stream, { secure }, done) => void text(stream).then((raw) => done(null, String(taken.push({ raw, secure }))), done),
    ...tls,
  });
  smtp.on('error', () => undefined); // a client that refuses the certificate
  closing.push(() => new Promise<void>((done) => smtp.close(done)));
  return { port: await listen(smtp.server, 0, '127.0.0.1'), taken };
}

describe('with TLS required', () => {
  const tls = 'required';
  const certified = { key: KEY, cert: CERTIFICATE };

  test('sends over STARTTLS to a server whose certificate is trusted', async () => {
    const { port, taken } = await startServer(certified);
    await mailerFor(port, { tls, query: `?tls.ca=${encodeURIComponent(CERTIFICATE)}` }).send(aMail());
    expect(taken).toEqual([{ raw: expect.stringContaining('Subject: Hello'), secure: true }]);
  });

  test('sends nothing to a server whose certificate is not trusted', async () => {
    const { port, taken } = await startServer(certified);
    await expect(mailerFor(port, { tls }).send(aMail())).rejects.toThrow(/certificate/);
    expect(taken).toEqual([]);
  });

  test('sends nothing to a server without STARTTLS', async () => {
    const { port, taken } = await startServer();
    await expect(mailerFor(port, { tls }).send(aMail())).rejects.toThrow();
    expect(taken).toEqual([]);
  });
});

test('sends in plain text with TLS off, even if the server offers STARTTLS', async () => {
  const { port, taken } = await startServer({ key: KEY, cert: CERTIFICATE });
  await mailerFor(port, { tls: 'off' }).send(aMail());
  expect(taken).toEqual([{ raw: expect.any(String), secure: false }]);
});

describe('the settings', () => {
  const url = 'smtp://mail.example:587';

  test('require TLS by default', () => {
    expect(Settings.parse({ SMTP_URL: url }).SMTP_TLS).toBe('required');
    expect(Settings.parse({ SMTP_URL: url, SMTP_TLS: 'off' }).SMTP_TLS).toBe('off');
    expect(Settings.safeParse({ SMTP_URL: url, SMTP_TLS: 'no' }).success).toBe(false);
  });

  test.each(['requireTLS=false', 'ignoreTLS=true', 'opportunisticTLS=true', 'tls.rejectUnauthorized=false'])(
    'refuse %s in the URL',
    (query) => {
      expect(Settings.safeParse({ SMTP_URL: `${url}?${query}` }).error?.issues).toMatchObject([{ path: ['SMTP_URL'] }]);
    },
  );

  test.each(['no address', 'https://mail.example'])('refuse %s', (wrong) => {
    expect(Settings.safeParse({ SMTP_URL: wrong }).error?.issues).toMatchObject([{ path: ['SMTP_URL'] }]);
  });
});

test('a mail that is sent twice has the same Message-ID, and is marked as auto-generated', async () => {
  const { port, taken } = await startServer();
  const mailer = mailerFor(port);
  await mailer.send(aMail());
  await mailer.send(aMail());
  expect(taken).toHaveLength(2);
  for (const { raw } of taken) {
    expect(raw).toContain('\r\nMessage-ID: <event-1@notifications.sidecart>\r\n');
    expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  }
});

test('line breaks in the subject or the id add no header', async () => {
  const { port, taken } = await startServer();
  await mailerFor(port).send(aMail({ id: 'event-1>\r\nBcc: a@example.com', subject: 'Hello\r\nBcc: b@example.com' }));
  expect(taken[0]?.raw).not.toMatch(/^Bcc:/im);
});

test('gives up on a server that accepts the connection and stays silent', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  const port = await listen(silent, 0, '127.0.0.1');
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
    await once(silent, 'close');
  });
  await expect(mailerFor(port, { silenceMs: 100 }).send(aMail())).rejects.toThrow(/Greeting never received|Timeout/);
});
