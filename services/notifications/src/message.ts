import { z } from 'zod';

export const Template = z.enum(['welcome', 'order-placed', 'order-paid', 'order-cancelled', 'order-refunded']);

/** A mail that was sent, under the id of the event that it tells of. */
export const Message = z
  .object({
    id: z.string(),
    channel: z.literal('email'),
    to: z.string(),
    subject: z.string(),
    template: Template,
    status: z.literal('sent'),
    at: z.string().describe('ISO 8601'),
    reference: z.string().describe('the order or user that it is about'),
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;
