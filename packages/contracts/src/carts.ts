import { z } from 'zod';
import { call } from './call.js';
import { CartId, CheckoutId, Id, MAX_LINES, StockLine, UserId } from './common.js';
import { event } from './event.js';

export const CartCleared = event('cart.cleared', 1, z.object({ cartId: CartId, userId: UserId.nullable() }));
export const CartMerged = event('cart.merged', 1, z.object({ cartId: CartId, userId: UserId, guestCartId: Id }));

export const CartContents = z.object({
  cartId: CartId,
  /** Changes when the cart becomes an order: submits of the same cart have the same one. */
  checkoutId: CheckoutId,
  items: z.array(StockLine).max(MAX_LINES),
});
export type CartContents = z.infer<typeof CartContents>;

/** The id of a customer's cart. */
export const customerCartId = (userId: string): string => `u-${userId}`;

/** A customer's cart, empty where there is none. */
export const CustomerCart = call('carts', 'cart', z.strictObject({ userId: UserId }), CartContents);
