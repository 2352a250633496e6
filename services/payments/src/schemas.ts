import { Instant, OrderId, PaymentId } from '@sidecart/contracts/common';
import { Money } from '@sidecart/contracts/money';
import { z } from 'zod';

export const PaymentStatus = z.enum(['processing', 'succeeded', 'failed', 'refunding', 'refunded']).meta({ examples: ['succeeded'] });
export type PaymentStatus = z.infer<typeof PaymentStatus>;

export const PayOrder = z.strictObject({
  orderId: OrderId,
  paymentMethodId: z
    .string()
    .regex(/^\w{1,100}$/, 'letters, digits and _, 100 at the most')
    .meta({ examples: ['pm_card_visa'] }),
});
export type PayOrder = z.infer<typeof PayOrder>;

const Move = z
  .object({ from: PaymentStatus.nullable(), to: PaymentStatus, at: Instant })
  .meta({ examples: [{ from: 'processing', to: 'succeeded', at: '2026-01-31T12:05:00.000Z' }] });

export const PaymentView = z
  .object({
    id: PaymentId,
    orderId: OrderId,
    amount: Money.meta({ examples: [{ amount: 6_000, currency: 'EUR' }] }),
    paymentMethodId: PayOrder.shape.paymentMethodId,
    status: PaymentStatus,
    failure: z
      .object({ code: z.string() })
      .nullable()
      .meta({ description: 'Why it failed, in the word of the provider.', examples: [null] }),
    createdAt: Instant,
    history: z.array(Move),
  })
  .meta({ id: 'Payment' });
export type PaymentView = z.infer<typeof PaymentView>;
