import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import { listen } from '@sidecart/runner/listen';
import { SMTPServer } from 'smtp-server';
import { createMailer, type Mail, type Mailer } from '../src/mailer.js';

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

function mailerFor(port: number, options: { silenceMs?: number } = {}): Mailer {
  const mailer = createMailer({ url: `smtp://127.0.0.1:${port}`, from: 'Shop <shop@example.com>', ...options });
  closing.unshift(() => mailer.close());
  return mailer;
}

async function startServer(): Promise<{ port: number; taken: string[] }> {
  const taken: string[] = [];
  const smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    closeTimeout: 100,
    onData: (stream, _session, done) => void text(stream).then((raw) => done(null, String(taken.push(raw))), done),
  });
  closing.push(() => new Promise<void>((done) => smtp.close(done)));
  return { port: await listen(smtp.server, 0, '127.0.0.1'), taken };
}

test('a mail that goes out twice has the same Message-ID, and says that a machine sent it', async () => {
  const { port, taken } = await startServer();
  const mailer = mailerFor(port);
  await mailer.send(aMail());
  await mailer.send(aMail());
  expect(taken).toHaveLength(2);
  for (const raw of taken) {
    expect(raw).toContain('\r\nMessage-ID: <event-1@notifications.sidecart>\r\n');
    expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  }
});

test('line breaks in what it is given add no header', async () => {
  const { port, taken } = await startServer();
  await mailerFor(port).send(aMail({ id: 'event-1>\r\nBcc: a@example.com', subject: 'Hello\r\nBcc: b@example.com' }));
  expect(taken[0]).not.toMatch(/^Bcc:/im);
});

test('a server that takes the connection and says nothing is given up', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  const port = await listen(silent, 0, '127.0.0.1');
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
    await once(silent, 'close');
  });
  await expect(mailerFor(port, { silenceMs: 100 }).send(aMail())).rejects.toThrow(/Greeting never received/);
});
