import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { Hold, Reserve, Stock } from '@sidecart/contracts/inventory';
import { holdWithin, type GuestLimits } from './guests.js';
import { endOf, minuteOf } from './minutes.js';
import { mergedBySku, reserve } from './reservation.js';
import { availability, available } from './stock.js';
import type { Inventory } from './store.js';

/** The calls that catalog, carts and orders make. */
export function inventoryCalls({ inventory, limits }: { inventory: Inventory; limits: GuestLimits }): Routes {
  const api = routes('inventory');

  serve(api, Stock, async ({ sku }) => {
    const stock = await inventory.read(sku);
    return { sku, available: available(stock, new Date()), availability: availability(stock) };
  });

  serve(api, Hold, async ({ cartId, sku, quantity, until, guestAddress }) => {
    const guest = guestAddress === undefined ? {} : { guestAddress };
    const line = await inventory.updateHold({ cartId, sku, guestAddress }, (before, now) => {
      const minute = quantity === 0 ? 0 : minuteOf(until, now);
      return holdWithin(limits, before, { sku, quantity, minute, ...guest }, now);
    });
    return { sku, quantity, until: quantity === 0 ? until : endOf(line.minute) };
  });

  serve(api, Reserve, async ({ reference, cartId, lines, until }) => {
    const demand = { reference, lines: mergedBySku(lines) };
    const reservation = await inventory.updateReservation(demand, { cartId }, (facts) => reserve(facts, demand, until));
    return { reference, until: reservation ? endOf(reservation.minute) : until };
  });

  return api;
}
