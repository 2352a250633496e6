import { CartMerged } from '@sidecart/contracts/carts';
import { wantMerged } from './cart.js';
import { customer, guest } from './owner.js';
import type { Update, Updated } from './update.js';

export interface Merge {
  /** The guest's. */
  session: string;
  userId: string;
  /** The client's address, if a request asks for it. */
  ip?: string | undefined;
  /** The id of the event, if an event asks for it: the same event changes nothing again. */
  once?: string;
}

/** Moves the items of a guest's cart into a customer's, as far as there is stock, and empties it. Changes nothing if it is empty. */
export function merge(update: Update, { session, userId, ip, once }: Merge): Promise<Updated> {
  const [guests, customers] = [guest(session, ip), customer(userId)];
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
