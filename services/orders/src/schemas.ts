import { Id, Instant, MAX_LINES, Quantity } from '@sidecart/contracts/common';
import { Money } from '@sidecart/contracts/money';
import { OrderLine, OrderSnapshot, OrderStatus } from '@sidecart/contracts/orders';
import { z } from 'zod';

const text = (max: number) => z.string().trim().min(1).max(max);

export const Address = z
  .strictObject({
    name: text(100),
    line1: text(200),
    line2: text(200).optional(),
    postalCode: text(20),
    city: text(100),
    region: text(100).optional(),
    country: z.string().regex(/^[A-Z]{2}$/, 'an ISO 3166 code of two capital letters'),
    phone: text(40).optional(),
  })
  .meta({ id: 'Address' });
export type Address = z.infer<typeof Address>;

export const PlaceOrder = z.strictObject({
  items: z
    .array(z.strictObject({ productId: Id, quantity: Quantity }))
    .min(1)
    .max(MAX_LINES)
    .optional()
    .meta({ description: 'What to order; without it everything in the cart.' }),
  address: Address.optional(),
  note: text(1_000).optional(),
});
export type PlaceOrder = z.infer<typeof PlaceOrder>;

export const CancelOrder = z.strictObject({ reason: text(300).optional() });

export const OrderView = z
  .object({
    ...OrderSnapshot.omit({ orderId: true, payBy: true }).shape,
    id: Id,
    lines: z.array(OrderLine),
    taxPercent: z.number(),
    address: Address.nullable(),
    note: z.string().nullable(),
    placedAt: Instant,
    payment: z
      .object({ amount: Money, payBy: Instant, href: z.string().meta({ description: 'Where to POST the payment.' }) })
      .nullable()
      .meta({ description: 'What is to be paid; null when nothing is.' }),
  })
  .meta({ id: 'Order' });
export type OrderView = z.infer<typeof OrderView>;

export const History = z.object({
  data: z.array(z.object({ from: OrderStatus.nullable(), to: OrderStatus, at: Instant, by: z.string(), reason: z.string().nullable() })),
  failedPayments: z.array(z.object({ paymentId: Id, at: Instant, code: z.string() })),
});
