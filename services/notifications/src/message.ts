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
    'order-placed',
    'order-paid',
    'order-cancelled',
    'order-refunded',
  ])
  .meta({ examples: ['order-placed'] });

/** A mail that was sent, under the id of the event or call that asked for it. Its text is not kept: there may be a code in it. */
export const Message = z
  .object({
    id: z.string().meta({ examples: ['fc3c3350-113f-43df-b2f7-f42e51f9d207'] }),
    channel: z.enum(['email', 'sms']),
    to: z.string().meta({ description: 'empty once the person is gone', examples: ['bea@example.com'] }),
    subject: z.string().meta({ examples: ['We have your order SC-5XNS-S16H'] }),
    template: Template,
    status: z.literal('sent'),
    at: Instant,
    reference: OrderId.describe('the order or user that it is about'),
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;

/** The mail without the person's address. */
export const nameless = (message: Message): Message => ({ ...message, to: '' });
