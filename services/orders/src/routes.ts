import { pageOf, PageQuery } from '@sidecart/chassis/lists';
import { may, type User } from '@sidecart/chassis/auth';
import { serve } from '@sidecart/chassis/calls';
import { found } from '@sidecart/chassis/errors';
import { IdempotencyKey } from '@sidecart/chassis/idempotency';
import { routes } from '@sidecart/chassis/routes';
import { OrderId } from '@sidecart/contracts/common';
import { OrderDue } from '@sidecart/contracts/orders';
import { z } from 'zod';
import type { createCheckout } from './checkout.js';
import { cancel, cancelUnpaid, toSnapshot, type Order } from './order.js';
import { CancelOrder, History, OrderView, PlaceOrder } from './schemas.js';
import type { Orders } from './store.js';

const ById = z.object({ id: OrderId });
const UNKNOWN = { 404: 'There is no such order of yours.' };

export interface RouteOptions {
  orders: Orders;
  checkOut: ReturnType<typeof createCheckout>;
  now: () => Date;
}

export function orderRoutes({ orders, checkOut, now }: RouteOptions) {
  const to = routes('Orders');

  to.post(
    '/api/orders',
    {
      summary: 'Orders what is in the cart, or the items of the body, and reserves the stock until it is to be paid.',
      access: 'customer',
      rows: [30, 31, 32],
      headers: IdempotencyKey,
      body: PlaceOrder,
      reply: OrderView,
      status: 201,
      problems: {
        403: 'The account is suspended, or its address is not proved and must be.',
        409: 'The cart is empty or already ordered, too many orders are unpaid, or lines that the problem names are not for sale or short.',
      },
    },
    async ({ user, body, headers }) => view(await checkOut(user, body, headers['idempotency-key'])),
  );

  to.get(
    '/api/orders',
    { summary: 'Lists the caller’s orders, newest first.', access: 'customer', rows: [33], query: PageQuery, reply: pageOf(OrderView) },
    async ({ user, query }) => {
      const { data, next } = await orders.page(user.id, query);
      return { data: data.map(view), next };
    },
  );

  to.get(
    '/api/orders/:id',
    { summary: 'One order.', access: 'customer', rows: [33], params: ById, reply: OrderView, problems: UNKNOWN },
    async ({ user, params }) => view(visible(await orders.read(params.id), user)),
  );

  to.get(
    '/api/orders/:id/history',
    {
      summary: 'What happened to an order, oldest first.',
      access: 'customer',
      rows: [37],
      params: ById,
      reply: History,
      problems: UNKNOWN,
    },
    async ({ user, params }) => {
      const { history, failedPayments } = visible(await orders.read(params.id), user);
      return { data: history, failedPayments };
    },
  );

  to.post(
    '/api/orders/:id/cancel',
    {
      summary: 'Cancels an order: a customer while it is unpaid, staff until it is shipped; paid money goes back.',
      access: 'customer',
      rows: [35],
      params: ById,
      body: CancelOrder,
      reply: OrderView,
      problems: { ...UNKNOWN, 409: 'It is too late.' },
    },
    async ({ user, params, body }) => {
      const cause = { at: now().toISOString(), by: user.id, reason: body.reason ?? null };
      const decide = isStaff(user) ? cancel : cancelUnpaid;
      return view(await orders.update(params.id, (order) => decide(visible(order, user), cause)));
    },
  );

  serve(to, OrderDue, async ({ orderId }) => {
    const { id, buyer, status, total, payBy } = found(await orders.read(orderId), 'The order');
    return { orderId: id, userId: buyer.userId, status, total, payBy };
  });

  return to;
}

const isStaff = (user: User) => may(user, 'orders');

/** Another customer's order looks as if it were not there. */
function visible(order: Order | undefined, user: User): Order {
  return found(order && (order.buyer.userId === user.id || isStaff(user)) ? order : undefined, 'The order');
}

function view(order: Order): OrderView {
  const { orderId: id, payBy, ...snapshot } = toSnapshot(order);
  const { taxPercent, address, note, placedAt } = order;
  const payment = order.status === 'pending' ? { amount: order.total, payBy, href: '/api/payments' } : null;
  return { ...snapshot, id, taxPercent, address, note, placedAt, payment };
}
