import { found } from '@sidecart/chassis/errors';
import { pageOf, PageQuery } from '@sidecart/chassis/lists';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { may, type User } from '@sidecart/contracts/access-token';
import { cancel, cancelUnpaid, type Order } from './order.js';
import { ById, CancelOrder, History, OrderView } from './schemas.js';
import type { Orders } from './store.js';
import { view } from './view.js';

const NOT_FOUND = { 404: 'There is no such order, or it belongs to someone else.' };

export function orderRoutes(orders: Orders): Routes {
  const api = routes('orders');

  api.get(
    '/api/orders',
    { summary: 'Lists your orders, newest first.', access: 'customer', rows: [33], query: PageQuery, reply: pageOf(OrderView) },
    async ({ user, query }) => {
      const { data, next } = await orders.page(user.id, query);
      return { data: data.map(view), next };
    },
  );

  api.get(
    '/api/orders/:id',
    { summary: 'Returns an order.', access: 'customer', rows: [33], params: ById, reply: OrderView, problems: NOT_FOUND },
    async ({ user, params }) => view(visible(await orders.read(params.id), user)),
  );

  api.get(
    '/api/orders/:id/history',
    {
      summary: 'Lists every move of an order, oldest first, and its failed payments.',
      access: 'customer',
      rows: [37],
      params: ById,
      reply: History,
      problems: NOT_FOUND,
    },
    async ({ user, params }) => {
      const { history, failedPayments } = visible(await orders.read(params.id), user);
      return { data: history, failedPayments };
    },
  );

  api.post(
    '/api/orders/:id/cancel',
    {
      summary: 'Cancels an order. Customers can cancel until they pay, staff until anything is shipped. Money that was paid is refunded.',
      access: 'customer',
      rows: [35],
      params: ById,
      body: CancelOrder,
      reply: OrderView,
      problems: { ...NOT_FOUND, 409: 'The order can no longer be cancelled.' },
    },
    async ({ user, params, body }) => {
      const cause = { by: user.id, reason: body.reason ?? null };
      const decide = isStaff(user) ? cancel : cancelUnpaid;
      return view(await orders.update(params.id, (order, now) => decide(visible(order, user), cause, now)));
    },
  );

  return api;
}

const isStaff = (user: User) => may(user, 'orders');

/** Returns the order if the user may see it. Throws `missing` if not, as if there were none. */
function visible(order: Order | undefined, user: User): Order {
  return found(order && (order.buyer.userId === user.id || isStaff(user)) ? order : undefined, 'The order');
}
