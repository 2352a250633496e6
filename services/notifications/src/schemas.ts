import { Instant, OrderId } from '@sidecart/contracts/common';
import { z } from 'zod';
import { CHANNELS, STATUSES, TEMPLATES } from './message.js';

const Template = z.enum(TEMPLATES).meta({ examples: ['order-placed'] });

/** A message. Its id is that of the event or call that requested it. */
export const MessageView = z
  .object({
    id: z.string().meta({ examples: ['fc3c3350-113f-43df-b2f7-f42e51f9d207'] }),
    channel: z.enum(CHANNELS),
    to: z.string().meta({ description: 'the recipient; empty once the account is deleted', examples: ['bea@example.com'] }),
    subject: z.string().meta({ examples: ['We have received your order SC-5XNS-S16H'] }),
    template: Template,
    status: z.enum(STATUSES).meta({ description: 'a queued message is retried for a day before it fails', examples: ['sent'] }),
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
export type MessageView = z.infer<typeof MessageView>;
