import { z } from 'zod';

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
