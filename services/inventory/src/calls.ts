import { serve } from '@sidecart/chassis/calls';
import { found } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { Hold, Reserve, Stock as StockOf } from '@sidecart/contracts/inventory';
import { NO_HOLDS, setHold } from './holds.js';
import { merged, reserve } from './reservation.js';
import { availability, available, endOf, minuteOf } from './stock.js';
import { holdsKey, putHolds, putStock, settle, stockKey } from './store.js';

/** What inventory does for carts and orders. */
export function inventoryCalls(store: Store): Routes {
  const calls = routes('inventory');

  serve(calls, StockOf, async ({ sku }) => {
    const stock = found(await store.read(stockKey(sku)), `The stock of ${sku}`);
    return { sku, available: available(stock, new Date()), availability: availability(stock) };
  });

  serve(calls, Hold, async ({ cartId, sku, quantity, until }) => {
    const now = new Date();
    const line = { sku, quantity, minute: quantity === 0 ? 0 : minuteOf(until, now) };
    await store.transact([holdsKey(cartId), stockKey(sku)], (docs) => {
      const { holds, stock } = setHold(docs.get(holdsKey(cartId)) ?? NO_HOLDS, docs.get(stockKey(sku)), line, now);
      return { write: stock ? [putHolds(cartId, holds, now), putStock(stock)] : [], result: undefined };
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
