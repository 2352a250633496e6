import { z } from 'zod';
import { call } from './call.js';
import { CartId, CheckoutId, Instant, MAX_LINES, OrderId, ProductId, Quantity, Sku, UserId } from './common.js';
import { event } from './event.js';
import { Money } from './money.js';

export const OrderStatus = z.enum(['pending', 'confirmed', 'paid', 'shipped', 'delivered', 'completed', 'cancelled', 'refunded']);
export type OrderStatus = z.infer<typeof OrderStatus>;

/** A line as it was when the order was placed. */
export const OrderLine = z.object({
  productId: ProductId,
  sku: Sku,
  name: z.string().meta({ examples: ['Brass compass'] }),
  image: z
    .string()
    .nullable()
    .meta({ examples: [null] }),
  quantity: Quantity,
  unitPrice: Money,
  total: Money.meta({ examples: [{ amount: 5_000, currency: 'EUR' }] }),
});
export type OrderLine = z.infer<typeof OrderLine>;

/** What other services need to know of an order; each of its events carries it. */
export const OrderSnapshot = z.object({
  orderId: OrderId,
  /** For people, e.g. `SC-7K3M-Q2XD`. */
  number: z.string().meta({ examples: ['SC-5XNS-S16H'] }),
  status: OrderStatus,
  buyer: z.object({
    userId: UserId,
    email: z.string().meta({ examples: ['bea@example.com'] }),
    name: z.string().meta({ examples: ['Bea'] }),
  }),
  lines: z.array(OrderLine).min(1).max(MAX_LINES),
  subtotal: Money.meta({ examples: [{ amount: 5_000, currency: 'EUR' }] }),
  tax: Money.meta({ examples: [{ amount: 1_000, currency: 'EUR' }] }),
  total: Money.meta({ examples: [{ amount: 6_000, currency: 'EUR' }] }),
  /** The cart it was made from, if any. */
  cart: z.object({ cartId: CartId, checkoutId: CheckoutId }).nullable(),
  /** When it is cancelled, if it is still unpaid. */
  payBy: Instant.meta({ examples: ['2026-01-31T12:30:00.000Z'] }),
  reason: z
    .string()
    .nullable()
    .meta({ examples: [null] }),
});
export type OrderSnapshot = z.infer<typeof OrderSnapshot>;

export const OrderPlaced = event('order.placed', 1, OrderSnapshot);
export const OrderPaid = event('order.paid', 1, OrderSnapshot);
export const OrderCancelled = event('order.cancelled', 1, OrderSnapshot);
export const OrderRefunded = event('order.refunded', 1, OrderSnapshot);

/** What a payment needs to know before it charges. Refused as `missing`. */
export const OrderDue = call(
  'orders',
  'due',
  z.strictObject({ orderId: OrderId }),
  z.object({ orderId: OrderId, userId: UserId, status: OrderStatus, total: Money, payBy: Instant }),
);
