import { entries } from '@sidecart/chassis/lists';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { locationsIn, locationsKey } from '../locations/store.js';
import { waitedFor } from '../stock/stock.js';
import { ledger, queue, stockKey, writeStocks } from '../stock/store.js';
import { fill } from './fill.js';
import { reservationKey, skusOf } from './store.js';

/** How many orders of the queue are looked at in one transaction. */
const AT_ONCE = 50;
const MINUTE_MS = 60_000;

export type Arrivals = ReturnType<typeof createArrivals>;

/** Gives what has arrived to the orders that wait for it. */
export function createArrivals(store: Store) {
  /** Looks at the next orders of a queue. Returns whether more of them may get something. */
  async function fillNext(sku: string): Promise<boolean> {
    const [stock, head] = await Promise.all([store.read(stockKey(sku)), store.read(queue(sku).head)]);
    if (!stock || !head || waitedFor(stock) === 0) return false;
    const first = stock.served + 1;
    const last = Math.min(head.count, stock.served + AT_ONCE);
    if (last < first) return false;
    const references = await entries(store, queue(sku), head, first, last);
    const keys = references.map(reservationKey);
    return store.transact([stockKey(sku), ledger(sku).head, locationsKey, ...new Set(keys)], (docs, now) => {
      const before = docs.get(stockKey(sku));
      if (!before || before.served !== stock.served) return { result: before !== undefined };
      const reservations = docs.all(keys);
      const waiters = reservations.map((reservation, i) => ({ ticket: first + i, reservation }));
      const { stock: after, reservations: changed, movements, events } = fill(before, waiters, locationsIn(docs), now);
      const write = [
        ...writeStocks(docs, [{ before, after }], movements),
        ...changed.map((reservation) => put(reservationKey(reservation.reference), reservation)),
      ];
      return { write, events, result: after.served > before.served };
    });
  }

  async function fillAll(sku: string): Promise<void> {
    while (await fillNext(sku));
  }

  return {
    /** Serves the queue of a SKU as far as there are pieces. */
    fill: fillAll,

    /** Serves the queues of a deadline. Returns after how many milliseconds to do it again, if any order waits. */
    async due(id: string): Promise<number | undefined> {
      const skus = skusOf(id);
      await Promise.all(skus.map(fillAll));
      const stocks = await Promise.all(skus.map((sku) => store.read(stockKey(sku))));
      return stocks.some((stock) => stock !== undefined && waitedFor(stock) > 0) ? MINUTE_MS : undefined;
    },
  };
}
