import { z } from 'zod';
import { call } from './call.js';
import { CartId, CheckoutId, Instant, MAX_LINES, OrderId, UserId } from './common.js';
import { event } from './event.js';
import { Money } from './money.js';
import { OrderFulfillment, OrderLife, OrderPayment, OrderStatus } from './order-states.js';
import { PricedLine } from './priced-line.js';

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
