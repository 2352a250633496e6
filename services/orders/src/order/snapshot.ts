import type { OrderSnapshot } from '@sidecart/contracts/orders';
import type { Order } from './order.js';
import { statusOf } from './states.js';

/** Returns what the events of an order carry. */
export function toSnapshot(order: Order): OrderSnapshot {
  const { id, number, life, payment, fulfillment, buyer, lines, subtotal, tax, total, cart, payBy } = order;
  return {
    orderId: id,
    number,
    status: statusOf(order),
    life,
    payment,
    fulfillment,
    buyer,
    lines,
    subtotal,
    tax,
    total,
    cart,
    payBy,
    reason: reasonOf(order),
  };
}

/** Returns why the order was cancelled, or null. */
export const reasonOf = ({ history }: Pick<Order, 'history'>): string | null =>
  history.findLast(({ state }) => state === 'life')?.reason ?? null;
