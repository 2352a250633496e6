import { Instant, OrderId } from '@sidecart/contracts/common';
import { z } from 'zod';

export const Template = z
  .enum([
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
    'identity-linked',
    'identity-unlinked',
    'order-placed',
    'order-paid',
    'order-cancelled',
    'order-refunded',
    'back-in-stock',
  ])
  .meta({ examples: ['order-placed'] });

/** A message. Its id is that of the event or call that requested it. */
export const Message = z
  .object({
    id: z.string().meta({ examples: ['fc3c3350-113f-43df-b2f7-f42e51f9d207'] }),
    channel: z.enum(['email', 'sms']),
    to: z.string().meta({ description: 'the recipient; empty once the account is deleted', examples: ['bea@example.com'] }),
    subject: z.string().meta({ examples: ['We have received your order SC-5XNS-S16H'] }),
    template: Template,
    status: z
      .enum(['queued', 'sent', 'failed'])
      .meta({ description: 'a queued message is retried for a day before it fails', examples: ['sent'] }),
    attempts: z
      .number()
      .int()
      .meta({ description: 'how often sending was attempted', examples: [1] }),
    error: z
      .string()
      .nullable()
      .meta({ description: 'why the last attempt failed', examples: [null] }),
    at: Instant.describe('when the status last changed'),
    reference: OrderId.describe('the order, user or product it is about'),
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;
