import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '@sidecart/contracts/access-token';
import { OrderDue } from '@sidecart/contracts/orders';
import { PaymentSucceeded } from '@sidecart/contracts/payments';
import { euros } from '@sidecart/testing/builders';
import { problem } from '@sidecart/testing/problem';
import { aUser } from '@sidecart/testing/tokens';
import { MINUTE_MS, startOrders, sue, type OrdersApp } from '../orders.js';

let orders: OrdersApp;
let customers = 0;
let ann: User;

beforeAll(async () => {
  orders = await startOrders();
}, 60_000);

afterAll(() => orders?.close());

beforeEach(() => {
  orders.renew();
  ann = aUser({ id: `ann-${++customers}` });
});

describe('reading orders', () => {
  test('lists your own, newest first, page by page', async () => {
    const ids = [];
    for (let n = 0; n < 3; n++) ids.unshift((await orders.placed(ann)).orderId);
    const first = await orders.get('/api/orders?limit=2', ann);
    const second = await orders.get(`/api/orders?limit=2&cursor=${first.body.next}`, ann);
    expect([...first.body.data, ...second.body.data].map(({ id }) => id)).toEqual(ids);
    expect(second.body.next).toBeNull();
    expect(await orders.get('/api/orders?limit=101', ann)).toMatchObject(problem(400, 'validation-failed'));
  });

  test('shows an order and its history only to its buyer and to staff with the permission', async () => {
    const { orderId } = await orders.placed(ann);
    const bob = aUser({ id: 'bob' });
    const packer = aUser({ id: 'pat', role: 'staff', permissions: ['inventory'] });
    for (const path of [`/api/orders/${orderId}`, `/api/orders/${orderId}/history`]) {
      expect((await orders.get(path, ann)).status).toBe(200);
      expect((await orders.get(path, sue)).status).toBe(200);
      for (const other of [bob, packer]) expect(await orders.get(path, other)).toMatchObject(problem(404, 'not-found'));
    }
    expect(await orders.cancel(orderId, bob)).toMatchObject(problem(404, 'not-found'));
    expect(await orders.get('/api/orders/nothing', ann)).toMatchObject(problem(404, 'not-found'));
  });

  test('returns what is due to payments, and refuses an unknown order', async () => {
    const { orderId } = await orders.placed(ann);
    const payBy = new Date(orders.clock.now.getTime() + 30 * MINUTE_MS).toISOString();
    expect(await orders.call(OrderDue, { orderId })).toEqual({
      output: { orderId, userId: ann.id, status: 'pending', total: euros(1200), payBy },
    });
    expect(await orders.call(OrderDue, { orderId: 'nothing' })).toMatchObject({ refused: { kind: 'missing' } });
  });
});

describe('cancelling', () => {
  test('an unpaid order records who and why, and is published once', async () => {
    const { orderId } = await orders.placed(ann);
    const reason = 'too slow';
    const states = { status: 'cancelled', life: 'cancelled', payment: 'unpaid', fulfillment: 'unfulfilled' };
    expect((await orders.cancel(orderId, ann, { reason })).body).toMatchObject({ ...states, reason, due: null });
    expect(await orders.cancel(orderId, ann, { reason })).toMatchObject(problem(409, 'illegal-move'));
    expect((await orders.historyOf(orderId, ann)).data).toMatchObject([
      { state: 'life', from: null, to: 'open', by: ann.id },
      { state: 'life', from: 'open', to: 'cancelled', by: ann.id, reason, at: orders.clock.now.toISOString() },
    ]);
    expect(await orders.eventsOf(orderId)).toEqual(['order.placed', 'order.cancelled']);
  });

  test('a paid order is for staff only', async () => {
    const payment = await orders.placed(ann);
    await orders.deliver(PaymentSucceeded(payment.paymentId, 2, payment));
    const detail = 'An order that is paid cannot become cancelled.';
    expect(await orders.cancel(payment.orderId, ann)).toMatchObject(problem(409, 'illegal-move', { detail }));
    expect((await orders.cancel(payment.orderId, sue)).body).toMatchObject({ status: 'cancelled', payment: 'paid', reason: null });
  });

  test('refuses a reason that is too long', async () => {
    const { orderId } = await orders.placed(ann);
    const reason = 'x'.repeat(301);
    expect(await orders.cancel(orderId, ann, { reason })).toMatchObject(problem(400, 'validation-failed'));
  });
});
