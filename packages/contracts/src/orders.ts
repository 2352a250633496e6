import { z } from 'zod';
import { call } from './call.js';
import { CartId, CheckoutId, Instant, MAX_LINES, OrderId, UserId } from './common.js';
import { event } from './event.js';
import { Money } from './money.js';
import { PricedLine } from './priced-line.js';

/** Whether an order is still going on, and how it ended. */
export const OrderLife = z.enum(['open', 'completed', 'cancelled']);
export type OrderLife = z.infer<typeof OrderLife>;

/** Where an order's money is. */
export const OrderPayment = z.enum(['unpaid', 'authorized', 'paid', 'voided', 'partially_refunded', 'refunded']);
export type OrderPayment = z.infer<typeof OrderPayment>;

/** Where an order's goods are. */
export const OrderFulfillment = z.enum(['unfulfilled', 'partially_shipped', 'shipped', 'delivered', 'on_hold']);
export type OrderFulfillment = z.infer<typeof OrderFulfillment>;

/** The three states in one word, derived from them by orders. */
export const OrderStatus = z.enum([
  'pending',
  'confirmed',
  'paid',
  'partially_shipped',
  'shipped',
  'delivered',
  'completed',
  'cancelled',
  'partially_refunded',
  'refunded',
]);
export type OrderStatus = z.infer<typeof OrderStatus>;

/** What other services need to know of an order. Each of its events carries it. */
export const OrderSnapshot = z.object({
  orderId: OrderId,
  /** For people, e.g. `SC-7K3M-Q2XD`. */
  number: z.string(),
  status: OrderStatus,
  life: OrderLife,
  payment: OrderPayment,
  fulfillment: OrderFulfillment,
  buyer: z.object({ userId: UserId, email: z.string(), name: z.string() }),
  lines: z.array(PricedLine).min(1).max(MAX_LINES),
  subtotal: Money,
  tax: Money,
  total: Money,
  /** The cart that became the order, if any. */
  cart: z.object({ cartId: CartId, checkoutId: CheckoutId }).nullable(),
  /** When the order is cancelled if it is still unpaid. */
  payBy: Instant,
  /** Why the order was cancelled, if it was and a reason was given. */
  reason: z.string().nullable(),
});
export type OrderSnapshot = z.infer<typeof OrderSnapshot>;

export const OrderPlaced = event('order.placed', 1, OrderSnapshot);
export const OrderPaid = event('order.paid', 1, OrderSnapshot);
export const OrderCancelled = event('order.cancelled', 1, OrderSnapshot);
export const OrderRefunded = event('order.refunded', 1, OrderSnapshot);

/** What payments must know before it charges. Refused as `missing` if there is no such order. */
export const OrderDue = call(
  'orders',
  'due',
  z.strictObject({ orderId: OrderId }),
  z.object({ orderId: OrderId, userId: UserId, status: OrderStatus, total: Money, payBy: Instant }),
);
