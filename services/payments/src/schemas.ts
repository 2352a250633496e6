import { Id, Instant } from '@sidecart/contracts/common';
import { Money } from '@sidecart/contracts/money';
import { z } from 'zod';

export const PaymentStatus = z.enum(['processing', 'succeeded', 'failed', 'refunding', 'refunded']);
export type PaymentStatus = z.infer<typeof PaymentStatus>;

export const PayOrder = z.strictObject({
  orderId: Id,
  paymentMethodId: z.string().regex(/^\w{1,100}$/, 'letters, digits and _, 100 at the most'),
});
export type PayOrder = z.infer<typeof PayOrder>;

export const PaymentView = z
  .object({
    id: Id,
    orderId: Id,
    amount: Money,
    paymentMethodId: z.string(),
    status: PaymentStatus,
    failure: z.object({ code: z.string() }).nullable(),
    createdAt: Instant,
    history: z.array(z.object({ from: PaymentStatus.nullable(), to: PaymentStatus, at: Instant })),
  })
  .meta({ id: 'Payment' });
export type PaymentView = z.infer<typeof PaymentView>;
