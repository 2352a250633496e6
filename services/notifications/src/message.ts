import { z } from 'zod';

export const Template = z.enum([
  'welcome',
  'verify-email',
  'already-registered',
  'reset-password',
  'change-email',
  'second-factor',
  'change-phone',
  'password-changed',
  'email-changed',
  'phone-changed',
  'two-factor-on',
  'two-factor-off',
  'token-reused',
  'order-placed',
  'order-paid',
  'order-cancelled',
  'order-refunded',
]);

/** A mail that was sent, under the id of the event or call that asked for it. Its text is not kept: there may be a code in it. */
export const Message = z
  .object({
    id: z.string(),
    channel: z.enum(['email', 'sms']),
    to: z.string().describe('empty once the person is gone'),
    subject: z.string(),
    template: Template,
    status: z.literal('sent'),
    at: z.string().describe('ISO 8601'),
    reference: z.string().describe('the order or user that it is about'),
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;

/** The mail without the person's address. */
export const nameless = (message: Message): Message => ({ ...message, to: '' });
