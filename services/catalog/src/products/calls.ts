import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { Quote } from '@sidecart/contracts/catalog';
import { quoteOf } from './product.js';
import type { Products } from './store.js';

/** The calls that carts and orders make. */
export function productCalls(products: Products): Routes {
  const api = routes('products');
  serve(api, Quote, async ({ sku }) => quoteOf(await products.bySku(sku)));
  return api;
}
