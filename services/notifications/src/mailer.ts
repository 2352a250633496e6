import { DomainError } from '@sidecart/chassis/errors';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import type { Addressed } from './message.js';

export interface Mail extends Addressed {
  /** Determines the Message-ID, by which mail servers recognize a repeat. */
  id: string;
}

export type Mailer = ReturnType<typeof createMailer>;

/** The server has refused the recipient permanently. */
const RecipientRefused = z.object({ command: z.literal('RCPT TO'), responseCode: z.number().min(500) });

/** How long a server may be silent. Several times this is less than a message is claimed for. */
const SILENCE_MS = 15_000;

export interface MailerOptions {
  /**
   * `smtps:` is encrypted from the start. `smtp:` upgrades with STARTTLS if `tls` is `required`.
   */
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
    /**
     * Resolves when the server has accepted the mail. Throws `invalid` if it refuses the recipient
     * permanently.
     */
    async send({ id, to, subject, text, html }: Mail): Promise<void> {
      const messageId = `<${id}@notifications.sidecart>`;
      const headers = { 'auto-submitted': 'auto-generated' };
      try {
        await transport.sendMail({ messageId, from, to: { name: '', address: to }, subject, text, html, headers });
      } catch (error) {
        if (RecipientRefused.safeParse(error).success)
          throw new DomainError('invalid', 'recipient-refused', 'The mail server refused the recipient.');
        throw error;
      }
    },
    close: () => transport.close(),
  };
}
