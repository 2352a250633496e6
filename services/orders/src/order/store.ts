import { found } from '@sidecart/chassis/errors';
import { list, page, type List, type Page } from '@sidecart/chassis/lists';
import { key, put, type Key } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { Changed, Order } from './order.js';
import { dropUnpaid } from './unpaid.js';

export const orderKey = (id: string): Key<Order> => key('order', id);
/** The ids of a customer's orders. */
export const ordersOf = (userId: string): List<string> => list('customer', userId);

export type Orders = ReturnType<typeof openOrders>;

export function openOrders(store: Store) {
  const read = (id: string) => store.read(orderKey(id));

  return {
    read,

    /** Returns a page of a customer's orders, newest first. */
    async page(userId: string, range: { cursor?: string | undefined; limit: number }): Promise<Page<Order>> {
      const { data, next } = await page(store, ordersOf(userId), range);
      const orders = await Promise.all(data.map(read));
      return { data: orders.filter((order) => order !== undefined), next };
    },

    /**
     * Changes an order and returns it. Throws `missing` if there is no such order, and what
     * `change` throws.
     */
    update(id: string, change: (order: Order, now: Date) => Changed): Promise<Order> {
      return store.transact([orderKey(id)], (docs, now) => {
        const before = found(docs.get(orderKey(id)), 'The order');
        const { order, events } = change(before, now);
        const write = order === before ? [] : [put(orderKey(id), order), ...dropUnpaid(docs, before, order)];
        return { write, events, result: order };
      });
    },
  };
}
