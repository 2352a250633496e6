import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { Stock } from '@sidecart/contracts/inventory';
import { availability } from './report.js';
import { available, orderable } from './stock.js';
import type { Stocks } from './store.js';

/** The call that catalog and carts make. */
export function stockCalls({ stocks, now }: { stocks: Stocks; now: () => Date }): Routes {
  const api = routes('inventory');

  serve(api, Stock, async ({ sku }) => {
    const stock = await stocks.read(sku);
    return { sku, available: available(stock, now()), orderable: orderable(stock, now()), availability: availability(stock) };
  });

  return api;
}
