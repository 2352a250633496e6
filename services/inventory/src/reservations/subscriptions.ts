import type { Subscriptions } from '@sidecart/chassis/subscriptions';
import { OrderCancelled, OrderPaid } from '@sidecart/contracts/orders';
import { commit } from './commit.js';
import { cancel } from './release.js';
import { mergedBySku } from './reservation.js';
import type { Reservations } from './store.js';

export interface ReservationsDeps {
  reservations: Reservations;
  /** Serves the queue of a SKU. */
  onWaiting: (sku: string) => Promise<void>;
}

/** What becomes of an order decides what becomes of its stock. */
export function subscribeReservations(events: Subscriptions, { reservations, onWaiting }: ReservationsDeps): void {
  events.on(OrderPaid, async ({ data: { orderId, lines } }) => {
    const demand = { reference: orderId, lines: mergedBySku(lines) };
    const reservation = await reservations.update(demand, { moves: true }, (facts) => commit(facts, demand));
    // Pieces that came while the order was unpaid are set aside for it.
    const waiting = reservation?.lines.filter((line) => line.waiting > 0) ?? [];
    await Promise.all(waiting.map(({ sku }) => onWaiting(sku)));
  });

  events.on(OrderCancelled, async ({ data: { orderId, lines } }) => {
    const demand = { reference: orderId, lines: mergedBySku(lines) };
    await reservations.update(demand, { moves: true }, (facts) => cancel(facts, demand));
  });
}
