import type { Deadlines } from '@sidecart/chassis/deadlines';
import { append } from '@sidecart/chassis/lists';
import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { NO_HOLDS } from '../holds/holds.js';
import { holdsKey, putHolds } from '../holds/store.js';
import { locationsIn, locationsKey } from '../locations/store.js';
import { lapsesAt } from '../stock/minutes.js';
import { waitedFor, type Stock } from '../stock/stock.js';
import { ledger, queue, stockKey, writeStocks } from '../stock/store.js';
import type { Decision, Facts } from './decision.js';
import { lapse } from './release.js';
import type { Reservation, StockDemand } from './reservation.js';

export const reservationKey = (reference: string): Key<Reservation> => key('reservation', reference);

type Schedules = Pick<Deadlines, 'schedule' | 'bucketKey'>;

export interface ReservationsOptions {
  store: Store;
  /** When reservations and holds lapse. */
  lapses: Schedules;
  /** When to look whether pieces for waiting orders have arrived. */
  arrivals: Schedules;
}

export interface UpdateOptions {
  /** The cart that becomes the order. */
  cartId?: string | null;
  /** Whether pieces may move: loads the ledgers with the rest. */
  moves?: boolean;
  /** The minute in which a new reservation lapses: loads what its deadline needs with the rest. */
  minute?: number;
}

export const orderDeadline = (reference: string): string => `order|${reference}`;

export type Reservations = ReturnType<typeof openReservations>;

export function openReservations({ store, lapses, arrivals }: ReservationsOptions) {
  /**
   * Loads what a decision on the stock of an order needs, saves what it changes, and returns the
   * reservation after it. Throws what `decide` throws.
   */
  function update(
    { reference, lines }: StockDemand,
    { cartId = null, moves = false, minute }: UpdateOptions,
    decide: (facts: Facts) => Decision | undefined,
  ): Promise<Readonly<Reservation> | undefined> {
    const skus = lines.map(({ sku }) => sku);
    const holdKeys = cartId === null ? [] : [holdsKey(cartId)];
    const ledgerKeys = moves ? skus.map((sku) => ledger(sku).head) : [];
    const dueKeys = minute === undefined ? [] : [lapses.bucketKey(lapsesAt(minute))];
    const keys = [reservationKey(reference), locationsKey, ...holdKeys, ...skus.map(stockKey), ...ledgerKeys, ...dueKeys];
    return store.transact(keys, (docs, now) => {
      const reservation = docs.get(reservationKey(reference));
      const [holds = NO_HOLDS] = docs.all(holdKeys);
      const stocks = stocksOf(docs, [...skus, ...(reservation?.lines ?? []).map(({ sku }) => sku)]);
      const decision = decide({ reservation, holds, stocks, locations: locationsIn(docs), now });
      if (!decision) return { result: reservation };
      const held =
        cartId !== null && decision.holds && decision.holds !== holds ? putHolds(docs, lapses, cartId, holds, decision.holds) : [];
      const write = [...writesOf(docs, decision, { reservation, stocks }, now), ...held];
      return { write, events: decision.events, result: decision.reservation };
    });
  }

  function writesOf(docs: Docs, decision: Decision, before: Pick<Facts, 'reservation' | 'stocks'>, now: Date): Write[] {
    const { reference, state, minute } = decision.reservation;
    const changes = [...decision.stocks.values()].flatMap((after) => {
      const stock = before.stocks.get(after.sku);
      return stock ? [{ before: stock, after }] : [];
    });
    // A reservation that is held has its deadline, however often it is extended.
    const isNew = state === 'held' && before.reservation?.state !== 'held';
    const waitedForNow = changes.filter(({ before, after }) => waitedFor(before) === 0 && waitedFor(after) > 0);
    return [
      put(reservationKey(reference), decision.reservation),
      ...writeStocks(docs, changes, decision.movements),
      ...decision.queued.flatMap((sku) => append(docs, queue(sku), reference)),
      ...(isNew ? lapses.schedule(docs, orderDeadline(reference), lapsesAt(minute)) : []),
      ...(waitedForNow.length > 0 ? arrivals.schedule(docs, skusId(waitedForNow.map(({ after }) => after.sku)), now) : []),
    ];
  }

  return {
    update,

    /**
     * Ends a reservation whose minute is over. Returns after how many milliseconds that is, if it was
     * extended meanwhile.
     */
    async lapse(reference: string): Promise<number | undefined> {
      let left: number | undefined;
      await update({ reference, lines: [] }, {}, (facts) => {
        const { reservation, now } = facts;
        const decision = lapse(facts);
        left = decision || reservation?.state !== 'held' ? undefined : reservation.minute * 60_000 - now.getTime();
        return decision;
      });
      return left;
    },
  };
}

/** The id of a deadline that concerns these SKUs. */
const skusId = (skus: readonly string[]): string => skus.toSorted().join(' ');

/** The SKUs of such an id. */
export const skusOf = (id: string): string[] => id.split(' ');

function stocksOf(docs: Docs, skus: readonly string[]): Map<string, Readonly<Stock>> {
  const stocks = docs.all(skus.map(stockKey));
  return new Map(stocks.flatMap((stock) => (stock ? [[stock.sku, stock]] : [])));
}
