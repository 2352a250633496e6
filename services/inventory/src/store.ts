import { derivedId } from '@sidecart/chassis/idempotency';
import { append, list } from '@sidecart/chassis/lists';
import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { AddressHolds } from './guests.js';
import { lastMinute, NO_HOLDS, type Holds } from './holds.js';
import { secondsUntil, type Counts } from './minutes.js';
import type { Decision, Known, Order, Reservation } from './reservation.js';
import type { Movement, Stock } from './stock.js';

/** A movement that was made under an Idempotency-Key, and what was asked for. */
export interface Once {
  request: object;
  movement: Movement;
}

export const stockKey = (sku: string): Key<Stock> => key('stock', sku);
export const holdsKey = (cartId: string): Key<Holds> => key('hold', cartId);
/** What guests at one client address hold; `address` is a hash of it. */
export const addressKey = (address: string): Key<AddressHolds> => key('guest-address', address);
export const reservationKey = (reference: string): Key<Reservation> => key('reservation', reference);
export const onceKey = (userId: string, idempotencyKey: string): Key<Once> => key('once', derivedId(userId, idempotencyKey));
export const ledger = (sku: string) => list<Movement>('ledger', sku);

const KEPT_SECONDS = 7 * 24 * 60 * 60;
const CLOCKS_APART_SECONDS = 60;

export const putStock = (stock: Stock): Write => put(stockKey(stock.sku), stock);

/** The stock after a movement, and the movement in its ledger. */
export const putMoved = (docs: Docs, { stock, movement }: { stock: Stock; movement: Movement }): Write[] => [
  putStock(stock),
  ...append(docs, ledger(stock.sku), movement),
];

export const putOnce = (at: Key<Once>, once: Once): Write => put(at, once, KEPT_SECONDS);

/** Kept until all of it has lapsed. */
export function putHolds(cartId: string, holds: Holds, now: Date): Write {
  if (holds.lines.length === 0) return remove(holdsKey(cartId));
  return put(holdsKey(cartId), holds, secondsUntil(lastMinute(holds), now) + CLOCKS_APART_SECONDS);
}

/** Kept until all of it has lapsed. */
export function putAddress(address: string, held: Counts, now: Date): Write {
  const minutes = Object.keys(held).map(Number);
  if (minutes.length === 0) return remove(addressKey(address));
  return put(addressKey(address), { held }, secondsUntil(Math.max(...minutes), now) + CLOCKS_APART_SECONDS);
}

export interface Around {
  /** The cart that becomes the order. */
  cartId?: string | null;
  /** Whether pieces may move: loads the ledgers along with the rest. */
  moves?: boolean;
}

/** Loads what a decision on the stock of an order needs, and saves what it changes. Answers the reservation as it is after it. */
export function settle(
  store: Store,
  { reference, lines }: Order,
  { cartId = null, moves = false }: Around,
  decide: (known: Known) => Decision | undefined,
): Promise<Readonly<Reservation> | undefined> {
  const now = new Date();
  const skus = lines.map(({ sku }) => sku);
  const holdKeys = cartId === null ? [] : [holdsKey(cartId)];
  const ledgerKeys = moves ? skus.map((sku) => ledger(sku).at) : [];
  const keys = [reservationKey(reference), ...holdKeys, ...skus.map(stockKey), ...ledgerKeys];
  return store.transact(keys, (docs) => {
    const reservation = docs.get(reservationKey(reference));
    const [holds = NO_HOLDS] = docs.all(holdKeys);
    const stocks = stocksOf(docs, [...skus, ...(reservation?.lines ?? []).map(({ sku }) => sku)]);
    const decision = decide({ reservation, holds, stocks, now });
    if (!decision) return { result: reservation };
    const changed = [...decision.stocks.values()].filter((stock) => stock !== stocks.get(stock.sku));
    const write = [
      put(reservationKey(reference), decision.reservation),
      ...(cartId !== null && decision.holds && decision.holds !== holds ? [putHolds(cartId, decision.holds, now)] : []),
      ...changed.map(putStock),
      ...decision.movements.flatMap((movement) => append(docs, ledger(movement.sku), movement)),
    ];
    return { write, events: decision.events, result: decision.reservation };
  });
}

function stocksOf(docs: Docs, skus: readonly string[]): Map<string, Readonly<Stock>> {
  const stocks = docs.all(skus.map(stockKey));
  return new Map(stocks.flatMap((stock) => (stock ? [[stock.sku, stock]] : [])));
}
