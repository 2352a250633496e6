import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { CustomerCart } from '@sidecart/contracts/carts';
import { customer } from './owner.js';
import type { Carts } from './store.js';

/** The calls that orders makes. */
export function cartCalls(carts: Carts): Routes {
  const api = routes('carts');

  serve(api, CustomerCart, async ({ userId }) => {
    const { cartId, checkoutId, items } = await carts.read(customer(userId));
    return { cartId, checkoutId, items: items.map(({ sku, quantity }) => ({ sku, quantity })) };
  });

  return api;
}
