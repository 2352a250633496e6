import { z } from 'zod';
import { call } from './call.js';
import { CartId, CheckoutId, Id, MAX_LINES, StockLine, UserId } from './common.js';
import { event } from './event.js';

export const CartCleared = event('cart.cleared', 1, z.object({ cartId: CartId, userId: UserId.nullable() }));
export const CartMerged = event('cart.merged', 1, z.object({ cartId: CartId, userId: UserId, guestCartId: Id }));

export const CartContents = z.object({
  cartId: CartId,
  /** Changes when the cart becomes an order. Repeated checkouts of one cart have the same id. */
  checkoutId: CheckoutId,
  items: z.array(StockLine).max(MAX_LINES),
});
export type CartContents = z.infer<typeof CartContents>;

/** Returns the id of a customer's cart. */
export const customerCartId = (userId: string): string => `u-${userId}`;

/** Returns a customer's cart, which is empty if nothing was ever put into it. */
export const CustomerCart = call('carts', 'cart', z.strictObject({ userId: UserId }), CartContents);
