import { z } from 'zod';
import { call } from './call.js';
import { Id, Instant, MAX_LINES, Quantity, Sku } from './common.js';
import { event } from './event.js';
import { Money } from './money.js';

export const OrderStatus = z.enum(['pending', 'confirmed', 'paid', 'shipped', 'delivered', 'completed', 'cancelled', 'refunded']);
export type OrderStatus = z.infer<typeof OrderStatus>;

/** A line as it was when the order was placed. */
export const OrderLine = z.object({
  productId: Id,
  sku: Sku,
  name: z.string(),
  image: z.string().nullable(),
  quantity: Quantity,
  unitPrice: Money,
  total: Money,
});
export type OrderLine = z.infer<typeof OrderLine>;

/** What other services need to know of an order; each of its events carries it. */
export const OrderSnapshot = z.object({
  orderId: Id,
  /** For people, e.g. `SC-7K3M-Q2XD`. */
  number: z.string(),
  status: OrderStatus,
  buyer: z.object({ userId: Id, email: z.string(), name: z.string() }),
  lines: z.array(OrderLine).min(1).max(MAX_LINES),
  subtotal: Money,
  tax: Money,
  total: Money,
  /** The cart it was made from, if any. */
  cart: z.object({ cartId: Id, checkoutId: Id }).nullable(),
  /** When it is cancelled, if it is still unpaid. */
  payBy: Instant,
  reason: z.string().nullable(),
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
  z.strictObject({ orderId: Id }),
  z.object({ orderId: Id, userId: Id, status: OrderStatus, total: Money, payBy: Instant }),
);
