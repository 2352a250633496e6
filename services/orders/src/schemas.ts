import { PostalAddress } from '@sidecart/contracts/address';
import { Instant, MAX_LINES, OrderId, PaymentId, Quantity, Sku } from '@sidecart/contracts/common';
import { OrderLine, OrderSnapshot, OrderStatus } from '@sidecart/contracts/orders';
import { z } from 'zod';

const text = (max: number) => z.string().trim().min(1).max(max);

export const PlaceOrder = z.strictObject({
  items: z
    .array(z.strictObject({ sku: Sku, quantity: Quantity }))
    .min(1)
    .max(MAX_LINES)
    .optional()
    .meta({ description: 'What to order; without it everything in the cart.' }),
  address: PostalAddress.optional(),
  note: text(1_000)
    .optional()
    .meta({ examples: ['Ring twice.'] }),
});
export type PlaceOrder = z.infer<typeof PlaceOrder>;

export const CancelOrder = z.strictObject({
  reason: text(300)
    .optional()
    .meta({ examples: ['changed my mind'] }),
});

export const OrderView = z
  .object({
    ...OrderSnapshot.omit({ orderId: true, payBy: true }).shape,
    id: OrderId,
    lines: z.array(OrderLine),
    taxPercent: z.number().meta({ examples: [20] }),
    address: PostalAddress.nullable(),
    note: z
      .string()
      .nullable()
      .meta({ examples: ['Ring twice.'] }),
    placedAt: Instant,
    payment: z
      .object({
        amount: OrderSnapshot.shape.total,
        payBy: OrderSnapshot.shape.payBy,
        href: z.string().meta({ description: 'Where to POST the payment.', examples: ['/api/payments'] }),
      })
      .nullable()
      .meta({ description: 'What is to be paid; null when nothing is.' }),
  })
  .meta({ id: 'Order' });
export type OrderView = z.infer<typeof OrderView>;

const Move = z
  .object({ from: OrderStatus.nullable(), to: OrderStatus, at: Instant, by: z.string(), reason: z.string().nullable() })
  .meta({ examples: [{ from: 'pending', to: 'paid', at: '2026-01-31T12:05:00.000Z', by: 'payments', reason: null }] });
export const History = z.object({
  data: z.array(Move),
  failedPayments: z.array(z.object({ paymentId: PaymentId, at: Instant, code: z.string().meta({ examples: ['card_declined'] }) })),
});
