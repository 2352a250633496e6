import { z } from 'zod';
import { call } from './call.js';
import { Id, MAX_LINES, Quantity, Sku } from './common.js';
import { event } from './event.js';

export const CartCleared = event('cart.cleared', 1, z.object({ cartId: Id, userId: Id.nullable() }));
export const CartMerged = event('cart.merged', 1, z.object({ cartId: Id, userId: Id, guestCartId: Id }));

export const CartContents = z.object({
  cartId: Id,
  /** Changes when the cart becomes an order: submits of the same cart have the same one. */
  checkoutId: Id,
  items: z.array(z.object({ productId: Id, sku: Sku, quantity: Quantity })).max(MAX_LINES),
});
export type CartContents = z.infer<typeof CartContents>;

/** A customer's cart, empty where there is none. */
export const CustomerCart = call('carts', 'cart', z.strictObject({ userId: Id }), CartContents);
