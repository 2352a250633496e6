import { isDeepStrictEqual } from 'node:util';
import { found } from '@sidecart/chassis/errors';
import { derivedId, keyReused } from '@sidecart/chassis/idempotency';
import { append, entries, list } from '@sidecart/chassis/lists';
import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { Locations } from '../locations/location.js';
import { countSkus, locationsIn, locationsKey } from '../locations/store.js';
import type { Movement, Worked } from './movement.js';
import { create, type Origin } from './record.js';
import type { Reported } from './report.js';
import type { ProductFacts, Stock } from './stock.js';

/** What staff have moved under an Idempotency-Key, with the request for it. */
interface Keyed {
  request: object;
  movements: readonly Movement[];
}

export const stockKey = (sku: string): Key<Stock> => key('stock', sku);
export const ledger = (sku: string) => list<Movement>('ledger', sku);
/** The references of orders that wait for a SKU, by ticket. */
export const queue = (sku: string) => list<string>('queue', sku);
/** All SKUs that have, or had, a record. */
export const SKUS = list<string>('skus');
const keyedKey = (userId: string, idempotencyKey: string): Key<Keyed> => key('keyed-movement', derivedId(userId, idempotencyKey));

const KEYED_SECONDS = 7 * 24 * 60 * 60;

export const named = (sku: string): string => `The stock of ${sku}`;

export interface Requested {
  sku: string;
  userId: string;
  idempotencyKey: string;
  /** The same key with another request is refused. */
  request: object;
}

export type Stocks = ReturnType<typeof openStocks>;

export function openStocks(store: Store) {
  /** Returns all entries of a ledger if its record is missing. */
  async function lostLedger(sku: string): Promise<readonly Movement[]> {
    const [stock, head] = await Promise.all([store.read(stockKey(sku)), store.read(ledger(sku).head)]);
    return stock || !head ? [] : entries(store, ledger(sku), head, 1, head.count);
  }

  return {
    /** Returns the stock of a SKU. Throws `missing`. */
    read: async (sku: string): Promise<Stock> => found(await store.read(stockKey(sku)), named(sku)),

    /** Returns the stock of a SKU, or `undefined` if there is none. */
    find: (sku: string): Promise<Stock | undefined> => store.read(stockKey(sku)),

    /** Changes the stock of a SKU and returns it. Throws `missing`, and what `change` throws. */
    update(sku: string, change: (stock: Stock, now: Date) => Reported): Promise<Stock> {
      return store.transact([stockKey(sku)], (docs, now) => {
        const before = found(docs.get(stockKey(sku)), named(sku));
        const { stock, events } = change(before, now);
        return { write: stock === before ? [] : [put(stockKey(sku), stock)], events, result: stock };
      });
    },

    /**
     * Creates the record of a SKU, from its ledger if an earlier one was lost, and returns it. If
     * there is one, returns what `otherwise` makes of it, and throws what that throws.
     */
    async create(
      sku: string,
      { product, threshold }: { product: ProductFacts; threshold: number },
      otherwise: (stock: Stock) => Reported,
    ): Promise<Stock> {
      for (;;) {
        const movements = await lostLedger(sku);
        const created = await store.transact([stockKey(sku), ledger(sku).head], (docs, now) => {
          const before = docs.get(stockKey(sku));
          if (!before && (docs.get(ledger(sku).head)?.count ?? 0) !== movements.length) return { result: undefined };
          const { stock, events } = before
            ? otherwise(before)
            : create(originOf(docs, { sku, product, threshold, ledger: movements }), now);
          const write = stock === before ? [] : [put(stockKey(sku), stock), ...(before ? [] : append(docs, SKUS, sku))];
          return { write, events, result: stock };
        });
        if (created) return created;
      }
    },

    /**
     * Moves stock once per Idempotency-Key and returns the movements. Throws `missing`, what `change`
     * throws, and `conflict` if the key was used otherwise.
     */
    moveOnce(
      { sku, userId, idempotencyKey, request }: Requested,
      change: (stock: Stock, locations: Locations, now: Date) => Worked,
    ): Promise<readonly Movement[]> {
      const keyed = keyedKey(userId, idempotencyKey);
      return store.transact([keyed, stockKey(sku), ledger(sku).head, locationsKey], (docs, now) => {
        const existing = docs.get(keyed);
        if (existing && isDeepStrictEqual(existing.request, request)) return { result: existing.movements };
        if (existing) throw keyReused();
        const before = found(docs.get(stockKey(sku)), named(sku));
        const { stock, movements, events } = change(before, locationsIn(docs), now);
        const write = [...writeStocks(docs, [{ before, after: stock }], movements), put(keyed, { request, movements }, KEYED_SECONDS)];
        return { write, events, result: movements };
      });
    },
  };
}

const originOf = (docs: Docs, origin: Omit<Origin, 'tickets'>): Origin => ({
  ...origin,
  tickets: origin.ledger.length === 0 ? 0 : (docs.get(queue(origin.sku).head)?.count ?? 0),
});

export interface StockChange {
  before: Stock;
  after: Stock;
}

/** Returns the writes of changed stocks with their ledgers, and of the count of SKUs at each location. */
export function writeStocks(docs: Docs, changes: readonly StockChange[], movements: readonly Movement[]): Write[] {
  const changed = changes.filter(({ before, after }) => before !== after);
  const skus = new Set(movements.map(({ sku }) => sku));
  const counts = new Map<string, number>();
  for (const { before, after } of changed) {
    for (const { location } of before.places) counts.set(location, (counts.get(location) ?? 0) - 1);
    for (const { location } of after.places) counts.set(location, (counts.get(location) ?? 0) + 1);
  }
  return [
    ...changed.map(({ after }) => put(stockKey(after.sku), after)),
    ...[...skus].flatMap((sku) => append(docs, ledger(sku), ...movements.filter((movement) => movement.sku === sku))),
    ...countSkus(docs, counts),
  ];
}
