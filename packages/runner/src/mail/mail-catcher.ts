import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { listen } from '../tools/listen.js';
import { renderMails } from './mail-page.js';

/**
 * A caught mail. `from` and `to` are those of the envelope, which has blind copies too.
 * `receivedAt` is an ISO 8601 time.
 */
export interface Mail {
  receivedAt: string;
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
}

/** A mail is parsed only when it is shown, because most never are. */
type Caught = Pick<Mail, 'receivedAt' | 'from' | 'to'> & { raw: Buffer };

const MAX_MAILS = 500;
const MAX_MAIL_BYTES = 1024 * 1024;
const MAX_KEPT_BYTES = 16 * 1024 * 1024;
const SHOWN_ON_PAGE = 50;

export interface MailCatcherOptions {
  /** 0 uses a free port, also below. */
  smtpPort: number;
  httpPort: number;
  host?: string;
}

/**
 * Starts an SMTP server that delivers nothing and keeps the newest mails in memory. `GET /` shows
 * them. `GET /api/messages?to=ann@example.com` lists those to a recipient, by default all, as
 * `{ data: Mail[] }`, newest first.
 */
export async function startMailCatcher(options: MailCatcherOptions): Promise<{ smtpPort: number; url: string; close(): Promise<void> }> {
  const { smtpPort, httpPort, host = '127.0.0.1' } = options;
  const kept: Caught[] = [];
  let bytes = 0;

  const smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: MAX_MAIL_BYTES,
    rejectOversized: true,
    closeTimeout: 100,
    onData: (stream, session, done) => void keep(stream, session).then(() => done(), done),
  });
  smtp.on('error', () => {}); // a client that hangs up; listen() reports other errors
  const http = createServer((req, res) => void serve(req, res));

  async function keep(stream: SMTPServerDataStream, { envelope }: SMTPServerSession): Promise<void> {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => stream.sizeExceeded || chunks.push(chunk));
    await once(stream, 'end');
    if (stream.sizeExceeded) return;
    const raw = Buffer.concat(chunks);
    const from = envelope.mailFrom ? envelope.mailFrom.address : '';
    kept.push({ receivedAt: new Date().toISOString(), from, to: envelope.rcptTo.map(({ address }) => address), raw });
    bytes += raw.length;
    while (kept.length > MAX_MAILS || bytes > MAX_KEPT_BYTES) bytes -= kept.shift()?.raw.length ?? 0;
  }

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const [path, query] = (req.url ?? '/').split('?', 2);
    if (req.method === 'GET' && path === '/api/messages') {
      const to = new URLSearchParams(query).get('to')?.toLowerCase();
      const wanted = kept.filter((mail) => to === undefined || mail.to.some((address) => address.toLowerCase() === to));
      const data = await Promise.all(wanted.reverse().map(parsed));
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }));
    } else if (req.method === 'GET' && path === '/') {
      const mails = await Promise.all(kept.slice(-SHOWN_ON_PAGE).reverse().map(parsed));
      const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
      res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }).end(renderMails(mails));
    } else {
      res.writeHead(404).end();
    }
  }

  async function close(): Promise<void> {
    http.close();
    http.closeAllConnections();
    await Promise.all([once(http, 'close'), new Promise<void>((resolve) => smtp.close(resolve))]);
  }

  return { smtpPort: await listen(smtp.server, smtpPort, host), url: `http://${host}:${await listen(http, httpPort, host)}`, close };
}

/** Parses a mail. Shows the source of one that cannot be parsed. */
async function parsed({ raw, ...mail }: Caught): Promise<Mail> {
  const { subject = '', text = '', html = '' } = await PostalMime.parse(raw).catch((): Partial<Email> => ({ text: raw.toString() }));
  return { ...mail, subject, text, html };
}
