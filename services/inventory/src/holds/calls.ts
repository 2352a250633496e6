import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { Hold } from '@sidecart/contracts/inventory';
import { endOf, minuteOf } from '../stock/minutes.js';
import type { GuestLimits } from './guests.js';
import { setHold } from './set-hold.js';
import type { CartHolds } from './store.js';

/** The calls that carts makes. */
export function holdCalls({ holds, limits, now }: { holds: CartHolds; limits: GuestLimits; now: () => Date }): Routes {
  const api = routes('inventory');

  serve(api, Hold, async ({ cartId, sku, quantity, until, guestAddress }) => {
    const minute = quantity === 0 ? 0 : minuteOf(until, now());
    const wish = { cartId, sku, quantity, minute, ...(guestAddress === undefined ? {} : { guestAddress }) };
    await holds.update(wish, (before, at) => setHold(limits, before, wish, at));
    return { sku, quantity, until: quantity === 0 ? until : endOf(minute) };
  });

  return api;
}
