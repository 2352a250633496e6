import { DomainError } from '@sidecart/chassis/errors';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import type { Content } from './templates.js';

export interface Mail extends Content {
  /** The same id makes the same Message-ID, by which mail servers know a repeat. */
  id: string;
  to: string;
}

export type Mailer = ReturnType<typeof createMailer>;

/** The server says for good that there is no such recipient. */
const Refused = z.object({ command: z.literal('RCPT TO'), responseCode: z.number().min(500) });

/** A server may be silent for this long. Several times that is less than a message is claimed for. */
const SILENCE_MS = 15_000;

export interface MailerOptions {
  /** `smtps:` is encrypted from the start; `smtp:` upgrades with STARTTLS, as `tls` says. */
  url: string;
  tls: 'required' | 'off';
  /** The sender. */
  from: string;
  silenceMs?: number;
}

/** Sends through a pool of SMTP connections. */
export function createMailer({ url, tls, from, silenceMs = SILENCE_MS }: MailerOptions) {
  const timeouts = { connectionTimeout: silenceMs, greetingTimeout: silenceMs, socketTimeout: silenceMs };
  const transport = createTransport({ url, pool: true, requireTLS: tls === 'required', ignoreTLS: tls === 'off', ...timeouts });

  return {
    /** Resolves when the server has taken the mail. Throws `invalid` for a recipient that it refuses for good. */
    async send({ id, to, subject, text, html }: Mail): Promise<void> {
      const messageId = `<${id}@notifications.sidecart>`;
      const headers = { 'auto-submitted': 'auto-generated' };
      try {
        await transport.sendMail({ messageId, from, to: { name: '', address: to }, subject, text, html, headers });
      } catch (error) {
        if (Refused.safeParse(error).success)
          throw new DomainError('invalid', 'recipient-refused', 'The mail server refuses the recipient.');
        throw error;
      }
    },
    close: () => transport.close(),
  };
}
