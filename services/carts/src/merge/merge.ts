import { MAX_LINES, MAX_QUANTITY } from '@sidecart/contracts/common';
import { CartMerged } from '@sidecart/contracts/carts';
import { quantityOf, type Cart, type Item, type Target } from '../cart/cart.js';
import type { ChangeCarts, Result } from '../cart/change.js';
import { customer, guest } from '../cart/owner.js';

export interface Merge {
  /** The session of the guest. */
  session: string;
  userId: string;
  /** The client's address, if a request asks for the merge. */
  ip?: string | undefined;
  /** The id of the event, if an event asks for the merge. */
  eventId?: string;
}

/**
 * Moves the items of a guest's cart into a customer's, as far as there is stock and room, and
 * empties the guest's.
 */
export function mergeCarts(changeCarts: ChangeCarts, { session, userId, ip, eventId }: Merge): Promise<Result> {
  const [guests, customers] = [guest(session, ip), customer(userId)];
  return changeCarts({
    owners: [guests, customers],
    ...(eventId === undefined ? {} : { eventId }),
    plan: (cartOf) => mergeTargets(cartOf(guests), cartOf(customers)),
    events: (after) => {
      const { cartId, version } = after(customers);
      return [CartMerged(cartId, version, { cartId, userId, guestCartId: guests.cartId })];
    },
  });
}

/**
 * Returns the guest's items as targets of the customer's cart. The guest's cart releases each
 * first.
 */
export function mergeTargets(guests: Cart, customers: Cart): Target[] {
  let room = MAX_LINES - customers.items.length;
  return guests.items.flatMap((item) => {
    const least = quantityOf(customers, item.sku);
    const fits = least > 0 || room-- > 0;
    const quantity = fits ? Math.min(least + item.quantity, MAX_QUANTITY) : least;
    return [
      { ...item, cartId: guests.cartId, quantity: 0 },
      { ...item, cartId: customers.cartId, quantity, least },
    ];
  });
}

/**
 * Returns the items that did not fit. `requested` is the quantity in both carts, `quantity` what
 * the customer's has now.
 */
export function leftOut(guests: Cart, customers: Cart, after: Cart): (Item & { requested: number })[] {
  return guests.items.flatMap(({ sku, productId, quantity: more }) => {
    const requested = quantityOf(customers, sku) + more;
    const quantity = quantityOf(after, sku);
    return quantity < requested ? [{ sku, productId, requested, quantity }] : [];
  });
}
