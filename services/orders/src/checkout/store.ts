import type { Deadlines } from '@sidecart/chassis/deadlines';
import { found } from '@sidecart/chassis/errors';
import { append } from '@sidecart/chassis/lists';
import { key, put, type Key } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { place, type Order, type Placing } from '../order/order.js';
import { orderKey, ordersOf } from '../order/store.js';
import { addUnpaid, unpaidKey } from '../order/unpaid.js';
import { replay } from './replay.js';

/** The id of the order that a cart has become. */
export const cartOrderKey = (userId: string, checkoutId: string): Key<string> => key('cart-order', userId, checkoutId);

export interface SaveOptions {
  store: Store;
  deadlines: Deadlines;
  maxUnpaid: number;
}

/**
 * Saves a new order with its deadline, in the lists of its customer. Returns the order that is
 * there if this request, or another of the same cart, was saved first. Throws what `place`,
 * `replay` and `addUnpaid` throw.
 */
export function saveOrder({ store, deadlines, maxUnpaid }: SaveOptions, placing: Placing): Promise<Order> {
  const { id, buyer, cart } = placing;
  const list = ordersOf(buyer.userId);
  const payBy = new Date(placing.payBy);
  const cartKey = cart && cartOrderKey(buyer.userId, cart.checkoutId);
  const keys = [orderKey(id), list.head, unpaidKey(buyer.userId), deadlines.bucketKey(payBy), ...(cartKey ? [cartKey] : [])];
  return store.transact(keys, (docs, now) => {
    const existing = docs.get(orderKey(id));
    if (existing) return { result: replay(existing, placing) };
    const orderedAs = cartKey && docs.get(cartKey);
    if (orderedAs) return { result: replay(found(docs.get(orderKey(orderedAs)), 'The order'), placing) };
    const { order, events } = place(placing, now);
    const write = [
      put(orderKey(id), order),
      addUnpaid(docs, buyer.userId, id, maxUnpaid),
      ...(cartKey ? [put(cartKey, id)] : []),
      ...append(docs, list, id),
      ...deadlines.schedule(docs, id, payBy),
    ];
    return { write, events, result: order };
  });
}
