import type { Order } from './order.js';
import type { OrderView } from './schemas.js';
import { reasonOf } from './snapshot.js';
import { awaitsPayment, statusOf } from './states.js';

/** Returns an order as the public API shows it. */
export const view = (order: Order): OrderView => ({
  id: order.id,
  number: order.number,
  status: statusOf(order),
  life: order.life,
  payment: order.payment,
  fulfillment: order.fulfillment,
  buyer: order.buyer,
  lines: order.lines,
  subtotal: order.subtotal,
  tax: order.tax,
  taxPercent: order.taxPercent,
  total: order.total,
  address: order.address,
  note: order.note,
  cart: order.cart,
  placedAt: order.placedAt,
  due: awaitsPayment(order) ? { amount: order.total, payBy: order.payBy, href: '/api/payments' } : null,
  reason: reasonOf(order),
});
