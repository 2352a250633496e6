import type { Subscriptions } from '@sidecart/chassis/subscriptions';
import { OrderCancelled, OrderPaid } from '@sidecart/contracts/orders';
import { commit } from './commit.js';
import { cancel } from './release.js';
import { mergedBySku } from './reservation.js';
import type { Reservations } from './store.js';

/** What becomes of an order decides what becomes of its stock. */
export function subscribeReservations(events: Subscriptions, reservations: Reservations): void {
  events.on(OrderPaid, async ({ data: { orderId, lines } }) => {
    const demand = { reference: orderId, lines: mergedBySku(lines) };
    await reservations.update(demand, { moves: true }, (facts) => commit(facts, demand));
  });

  events.on(OrderCancelled, async ({ data: { orderId, lines } }) => {
    const demand = { reference: orderId, lines: mergedBySku(lines) };
    await reservations.update(demand, { moves: true }, (facts) => cancel(facts, demand));
  });
}
