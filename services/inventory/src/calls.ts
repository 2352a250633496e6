import { serve } from '@sidecart/chassis/calls';
import { found } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { Hold, Reserve, Stock as StockOf } from '@sidecart/contracts/inventory';
import { addressesOf, holdWithin, type GuestLimits } from './guests.js';
import { NO_HOLDS } from './holds.js';
import { merged, reserve } from './reservation.js';
import { endOf, minuteOf } from './minutes.js';
import { availability, available } from './stock.js';
import { addressKey, holdsKey, putAddress, putHolds, putStock, settle, stockKey } from './store.js';

/** What inventory does for carts and orders. */
export function inventoryCalls({ store, limits }: { store: Store; limits: GuestLimits }): Routes {
  const calls = routes('inventory');

  serve(calls, StockOf, async ({ sku }) => {
    const stock = found(await store.read(stockKey(sku)), `The stock of ${sku}`);
    return { sku, available: available(stock, new Date()), availability: availability(stock) };
  });

  serve(calls, Hold, async ({ cartId, sku, quantity, until, guestAddress }) => {
    const now = new Date();
    const guest = guestAddress === undefined ? {} : { guestAddress };
    const line = { sku, quantity, minute: quantity === 0 ? 0 : minuteOf(until, now), ...guest };
    await store.transact([holdsKey(cartId), stockKey(sku), ...addressesOf(line).map(addressKey)], (docs) => {
      const known = {
        holds: docs.get(holdsKey(cartId)) ?? NO_HOLDS,
        stock: docs.get(stockKey(sku)),
        countsOf: (address: string) => docs.get(addressKey(address))?.held ?? {},
      };
      const { holds, stock, addresses } = holdWithin(limits, known, line, now);
      const counts = [...addresses].map(([address, held]) => putAddress(address, held, now));
      return { write: stock ? [putHolds(cartId, holds, now), putStock(stock), ...counts] : [], result: undefined };
    });
    return { sku, quantity, until: quantity === 0 ? until : endOf(line.minute) };
  });

  serve(calls, Reserve, async ({ reference, cartId, lines, until }) => {
    const order = { reference, lines: merged(lines) };
    const reservation = await settle(store, order, { cartId }, (known) => reserve(known, order, until));
    return { reference, until: reservation ? endOf(reservation.minute) : until };
  });

  return calls;
}
