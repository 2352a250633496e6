import type { Deadlines } from '@sidecart/chassis/deadlines';
import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { lapsesAt, secondsUntil, type Counts } from '../stock/minutes.js';
import { stockKey } from '../stock/store.js';
import type { AddressHolds } from './guests.js';
import { lapseEvents, nextMinute, NO_HOLDS, unlapsed, type Holds } from './holds.js';
import type { BeforeHold, HoldChange, Wish } from './set-hold.js';

export const holdsKey = (cartId: string): Key<Holds> => key('hold', cartId);
/** What the guests at one client address hold. `address` is a hash. */
const addressKey = (address: string): Key<AddressHolds> => key('guest-address', address);

/** Documents of addresses outlive their holds by this much, because clocks differ. */
const SPARE_SECONDS = 60;

export type CartHolds = ReturnType<typeof openHolds>;

export function openHolds(store: Store, deadlines: Pick<Deadlines, 'schedule' | 'bucketKey'>) {
  return {
    /** Changes what a cart holds of a SKU. Throws what `change` throws. */
    update(wish: Wish, change: (before: BeforeHold, now: Date) => HoldChange): Promise<void> {
      const { cartId, sku, guestAddress, quantity, minute } = wish;
      const addresses = guestAddress === undefined ? [] : [addressKey(guestAddress)];
      const due = quantity === 0 ? [] : [deadlines.bucketKey(lapsesAt(minute))];
      return store.transact([holdsKey(cartId), stockKey(sku), ...addresses, ...due], (docs, now) => {
        const before = {
          holds: docs.get(holdsKey(cartId)) ?? NO_HOLDS,
          stock: docs.get(stockKey(sku)),
          countsOf: (address: string) => docs.get(addressKey(address))?.held ?? {},
        };
        const { holds, stock, addresses, events } = change(before, now);
        if (!stock) return { result: undefined };
        const counts = [...addresses].map(([address, held]) => putAddress(address, held, now));
        const write = [...putHolds(docs, deadlines, cartId, before.holds, holds), put(stockKey(sku), stock), ...counts];
        return { write, events, result: undefined };
      });
    },

    /**
     * Drops the lapsed holds of a cart and publishes them. Returns after how many milliseconds the
     * next one lapses, or `undefined` if there is none.
     */
    lapse(cartId: string): Promise<number | undefined> {
      return store.transact([holdsKey(cartId)], (docs, now) => {
        const before = docs.get(holdsKey(cartId));
        if (!before) return { result: undefined };
        const after = unlapsed(before, now);
        const events = lapseEvents(cartId, before, after, now);
        if (after.lines.length === 0) return { write: [remove(holdsKey(cartId))], events, result: undefined };
        const result = nextMinute(after) * 60_000 - now.getTime();
        return { write: after === before ? [] : [put(holdsKey(cartId), after)], events, result };
      });
    },
  };
}

export const cartDeadline = (cartId: string): string => `cart|${cartId}`;

/**
 * Returns the writes that save the holds of a cart. The first hold schedules its lapse; the
 * deadline stays while there are holds.
 */
export function putHolds(docs: Docs, deadlines: Pick<Deadlines, 'schedule'>, cartId: string, before: Holds, after: Holds): Write[] {
  if (after.lines.length === 0) return [remove(holdsKey(cartId))];
  const scheduled = before.lines.length > 0 ? [] : deadlines.schedule(docs, cartDeadline(cartId), lapsesAt(nextMinute(after)));
  return [put(holdsKey(cartId), after), ...scheduled];
}

/** Keeps what an address holds until all of it has lapsed. */
function putAddress(address: string, held: Counts, now: Date): Write {
  const minutes = Object.keys(held).map(Number);
  if (minutes.length === 0) return remove(addressKey(address));
  return put(addressKey(address), { held }, secondsUntil(Math.max(...minutes), now) + SPARE_SECONDS);
}
