import { CartMerged } from '@sidecart/contracts/carts';
import { wantMerged } from './cart.js';
import { customer, guest } from './owner.js';
import type { Update, Updated } from './update.js';

/**
 * Moves the items of a guest's cart into a customer's, as far as there is stock, and empties it. Changes nothing if it is empty.
 * `once` is the id of the event that asks for it: the same event changes nothing again.
 */
export function merge(update: Update, session: string, userId: string, once?: string): Promise<Updated> {
  const [guests, customers] = [guest(session), customer(userId)];
  return update({
    owners: [guests, customers],
    ...(once === undefined ? {} : { once }),
    plan: (cartOf) => wantMerged(cartOf(guests), cartOf(customers)),
    tell: (after) => {
      const { cartId, version } = after(customers);
      return [CartMerged(cartId, version, { cartId, userId, guestCartId: guests.cartId })];
    },
  });
}
