import { isDeepStrictEqual } from 'node:util';
import { found } from '@sidecart/chassis/errors';
import { derivedId, keyReused } from '@sidecart/chassis/idempotency';
import { append, list } from '@sidecart/chassis/lists';
import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { AddressHolds, BeforeHold, HoldChange } from './guests.js';
import { lastMinute, NO_HOLDS, type HoldLine, type Holds } from './holds.js';
import { secondsUntil, type Counts } from './minutes.js';
import type { Decision, Facts, Reservation, StockDemand } from './reservation.js';
import type { Moved, Movement, Stock, StockChange } from './stock.js';

/** A movement that staff have made under an Idempotency-Key, with the request for it. */
interface KeyedMovement {
  request: object;
  movement: Movement;
}

const stockKey = (sku: string): Key<Stock> => key('stock', sku);
const holdsKey = (cartId: string): Key<Holds> => key('hold', cartId);
/** What the guests at one client address hold. `address` is a hash. */
const addressKey = (address: string): Key<AddressHolds> => key('guest-address', address);
const reservationKey = (reference: string): Key<Reservation> => key('reservation', reference);
const keyedMovementKey = (userId: string, idempotencyKey: string): Key<KeyedMovement> =>
  key('keyed-movement', derivedId(userId, idempotencyKey));
export const ledger = (sku: string) => list<Movement>('ledger', sku);

const KEYED_SECONDS = 7 * 24 * 60 * 60;
/** Documents outlive their holds by this much, because clocks differ. */
const SPARE_SECONDS = 60;

export const named = (sku: string): string => `The stock of ${sku}`;

export type Inventory = ReturnType<typeof openInventory>;

export interface Requested {
  sku: string;
  userId: string;
  idempotencyKey: string;
  /** The same key with another request is refused. */
  request: object;
}

export function openInventory(store: Store) {
  return {
    /** Returns the stock of a SKU. Throws `missing`. */
    read: async (sku: string): Promise<Stock> => found(await store.read(stockKey(sku)), named(sku)),

    /**
     * Changes the stock of a SKU, or creates it, and returns it. Throws what `change` throws. Set
     * `moves` if `change` may return a movement.
     */
    update(sku: string, change: (stock: Stock | undefined, now: Date) => StockChange, { moves = false } = {}): Promise<Stock> {
      return store.transact([stockKey(sku), ...(moves ? [ledger(sku).head] : [])], (docs, now) => {
        const before = docs.get(stockKey(sku));
        const { stock, movement, events } = change(before, now);
        const write = stock === before ? [] : [putStock(stock), ...(movement ? append(docs, ledger(sku), movement) : [])];
        return { write, events, result: stock };
      });
    },

    /**
     * Moves stock once per Idempotency-Key and returns the movement. Throws `missing`, and
     * `conflict` if the key was used otherwise.
     */
    moveOnce({ sku, userId, idempotencyKey, request }: Requested, change: (stock: Stock, now: Date) => Moved): Promise<Movement> {
      const keyed = keyedMovementKey(userId, idempotencyKey);
      return store.transact([keyed, stockKey(sku), ledger(sku).head], (docs, now) => {
        const existing = docs.get(keyed);
        if (existing && isDeepStrictEqual(existing.request, request)) return { result: existing.movement };
        if (existing) throw keyReused();
        const { stock, movement, events } = change(found(docs.get(stockKey(sku)), named(sku)), now);
        const write = [putStock(stock), ...append(docs, ledger(sku), movement), put(keyed, { request, movement }, KEYED_SECONDS)];
        return { write, events, result: movement };
      });
    },

    /**
     * Changes what a cart holds of a SKU, and returns the new hold. Throws what `change` throws.
     */
    updateHold(
      { cartId, sku, guestAddress }: { cartId: string; sku: string; guestAddress?: string | undefined },
      change: (before: BeforeHold, now: Date) => HoldChange,
    ): Promise<HoldLine> {
      const addresses = guestAddress === undefined ? [] : [addressKey(guestAddress)];
      return store.transact([holdsKey(cartId), stockKey(sku), ...addresses], (docs, now) => {
        const before = {
          holds: docs.get(holdsKey(cartId)) ?? NO_HOLDS,
          stock: docs.get(stockKey(sku)),
          countsOf: (address: string) => docs.get(addressKey(address))?.held ?? {},
        };
        const { line, holds, stock, addresses } = change(before, now);
        const counts = [...addresses].map(([address, held]) => putAddress(address, held, now));
        return { write: stock ? [putHolds(cartId, holds, now), putStock(stock), ...counts] : [], result: line };
      });
    },

    /**
     * Loads what a decision on the stock of an order needs, saves what it changes, and returns the
     * reservation after it. `cartId` is the cart that becomes the order. Set `moves` if pieces may
     * move, to load the ledgers with the rest.
     */
    updateReservation(
      { reference, lines }: StockDemand,
      { cartId = null, moves = false }: { cartId?: string | null; moves?: boolean },
      decide: (facts: Facts) => Decision | undefined,
    ): Promise<Readonly<Reservation> | undefined> {
      const skus = lines.map(({ sku }) => sku);
      const holdKeys = cartId === null ? [] : [holdsKey(cartId)];
      const ledgerKeys = moves ? skus.map((sku) => ledger(sku).head) : [];
      const keys = [reservationKey(reference), ...holdKeys, ...skus.map(stockKey), ...ledgerKeys];
      return store.transact(keys, (docs, now) => {
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
    },
  };
}

const putStock = (stock: Stock): Write => put(stockKey(stock.sku), stock);

/** Keeps the holds of a cart until all have lapsed. */
function putHolds(cartId: string, holds: Holds, now: Date): Write {
  if (holds.lines.length === 0) return remove(holdsKey(cartId));
  return put(holdsKey(cartId), holds, secondsUntil(lastMinute(holds), now) + SPARE_SECONDS);
}

/** Keeps what an address holds until all of it has lapsed. */
function putAddress(address: string, held: Counts, now: Date): Write {
  const minutes = Object.keys(held).map(Number);
  if (minutes.length === 0) return remove(addressKey(address));
  return put(addressKey(address), { held }, secondsUntil(Math.max(...minutes), now) + SPARE_SECONDS);
}

function stocksOf(docs: Docs, skus: readonly string[]): Map<string, Readonly<Stock>> {
  const stocks = docs.all(skus.map(stockKey));
  return new Map(stocks.flatMap((stock) => (stock ? [[stock.sku, stock]] : [])));
}
