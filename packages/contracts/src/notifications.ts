import { z } from 'zod';
import { call } from './call.js';
import { Id, UserId } from './common.js';

const To = z.object({
  /** The same id is sent once. */
  id: Id,
  to: z.string(),
  name: z.string(),
  /** Whom it is about. */
  userId: UserId,
});
const Code = z.string().regex(/^\d{6}$/);

/** A mail that must not wait or says something secret, which no event may. The rest are events that notifications hears. */
export const Mail = z.discriminatedUnion('template', [
  To.extend({ template: z.literal('verify-email'), code: Code, link: z.url() }),
  To.extend({ template: z.literal('already-registered') }),
  To.extend({ template: z.literal('reset-password'), code: Code, link: z.url() }),
  To.extend({ template: z.literal('change-email'), code: Code }),
  To.extend({ template: z.literal('second-factor'), code: Code }),
]);
export type Mail = z.infer<typeof Mail>;

/** A phone number as E.164 writes it. */
export const Phone = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'a phone number such as +4915112345678')
  .meta({ examples: ['+4915112345678'] });

export const Sms = To.omit({ name: true }).extend({ to: Phone, template: z.literal('change-phone'), code: Code });
export type Sms = z.infer<typeof Sms>;

/** Saves a text message, and sends it as soon as possible. What is kept of it after that has no code. */
export const SendSms = call('notifications', 'texts', Sms, z.object({}));

/** Saves a mail, and sends it as soon as possible. What is kept of it after that has no code. */
export const SendMail = call('notifications', 'mails', Mail, z.object({}));
