import { z } from 'zod';
import { call } from './call.js';
import { Id, UserId } from './common.js';
import { Phone } from './phone.js';

const To = z.object({
  /** A message is sent once per id. */
  id: Id,
  to: z.string(),
  name: z.string(),
  /** The person it is for. */
  userId: UserId,
});
const Code = z.string().regex(/^\d{6}$/);

/**
 * A mail that must not wait, or contains a secret, which no event may. Notifications sends all
 * others on events.
 */
export const Mail = z.discriminatedUnion('template', [
  To.extend({ template: z.literal('verify-email'), code: Code, link: z.url() }),
  To.extend({ template: z.literal('already-registered') }),
  To.extend({ template: z.literal('reset-password'), code: Code, link: z.url() }),
  To.extend({ template: z.literal('change-email'), code: Code }),
  To.extend({ template: z.literal('second-factor'), code: Code }),
]);
export type Mail = z.infer<typeof Mail>;

export const Sms = To.omit({ name: true }).extend({ to: Phone, template: z.literal('change-phone'), code: Code });
export type Sms = z.infer<typeof Sms>;

/**
 * Saves a text message, and sends it as soon as possible. The saved copy has no code once it is
 * sent.
 */
export const SendSms = call('notifications', 'texts', Sms, z.object({}));

/** Saves a mail, and sends it as soon as possible. The saved copy has no code once it is sent. */
export const SendMail = call('notifications', 'mails', Mail, z.object({}));
