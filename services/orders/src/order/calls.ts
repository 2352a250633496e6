import { serve } from '@sidecart/chassis/calls';
import { found } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { OrderDue } from '@sidecart/contracts/orders';
import { statusOf } from './states.js';
import type { Orders } from './store.js';

/** The calls that payments makes. */
export function orderCalls(orders: Orders): Routes {
  const api = routes('orders');

  serve(api, OrderDue, async ({ orderId }) => {
    const order = found(await orders.read(orderId), 'The order');
    const { id, buyer, total, payBy } = order;
    return { orderId: id, userId: buyer.userId, status: statusOf(order), total, payBy };
  });

  return api;
}
