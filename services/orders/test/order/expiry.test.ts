import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DomainError } from '@sidecart/chassis/errors';
import type { User } from '@sidecart/contracts/access-token';
import { PaymentFailed, PaymentSucceeded } from '@sidecart/contracts/payments';
import { aUser } from '@sidecart/testing/tokens';
import { startOrders, type OrdersApp } from '../orders.js';

let orders: OrdersApp;
let upstreams: ReturnType<OrdersApp['renew']>;
let customers = 0;
let ann: User;

beforeAll(async () => {
  orders = await startOrders();
}, 60_000);

afterAll(() => orders?.close());

beforeEach(async () => {
  await pass(90); // past the deadlines of the test before
  upstreams = orders.renew();
  ann = aUser({ id: `ann-${++customers}` });
});

const pass = (minutes: number) => orders.pass(minutes);
const placed = () => orders.placed(ann);
const statusOf = (orderId: string) => orders.statusOf(orderId, ann);
const historyOf = async (orderId: string) => (await orders.historyOf(orderId, ann)).data;

const unavailable = () => new DomainError('unavailable', 'service-unavailable', 'payments did not answer.');

test('the deadline cancels unpaid orders, and no others', async () => {
  const unpaid = await placed();
  const paid = await placed();
  await orders.deliver(PaymentSucceeded(paid.paymentId, 2, paid));
  await pass(29);
  expect(await statusOf(unpaid.orderId)).toBe('pending');

  await pass(3);
  await pass(0);
  const { body } = await orders.get(`/api/orders/${unpaid.orderId}`, ann);
  expect(body).toMatchObject({ status: 'cancelled', reason: 'payment deadline passed' });
  expect(await orders.eventsOf(unpaid.orderId)).toEqual(['order.placed', 'order.cancelled']);
  expect(await statusOf(paid.orderId)).toBe('paid');
});

describe('at its payment deadline an order', () => {
  test('is paid if payments says so; payment.succeeded may arrive later and changes nothing', async () => {
    const payment = await placed();
    upstreams.outcomes.set(payment.orderId, { status: 'paid', paymentId: payment.paymentId, amount: payment.amount });
    await pass(32);
    expect(await statusOf(payment.orderId)).toBe('paid');
    const history = await historyOf(payment.orderId);
    expect(history.at(-1)).toMatchObject({ state: 'payment', from: 'unpaid', to: 'paid', by: 'payments' });
    expect(await orders.deliver(PaymentSucceeded(payment.paymentId, 2, payment))).toBe('SUCCESS');
    expect(await historyOf(payment.orderId)).toEqual(history);
    await pass(60);
    expect(upstreams.closed).toEqual([payment.orderId]);
  });

  test('waits while a payment is processing, and is cancelled once that has failed', async () => {
    const payment = await placed();
    upstreams.outcomes.set(payment.orderId, { status: 'processing' });
    for (let hour = 0; hour < 3; hour++) await pass(60);
    expect(await statusOf(payment.orderId)).toBe('pending');
    await orders.deliver(PaymentFailed(payment.paymentId, 2, { ...payment, code: 'debit_refused' }));
    upstreams.outcomes.delete(payment.orderId);
    await pass(62);
    expect(await statusOf(payment.orderId)).toBe('cancelled');
    const history = await historyOf(payment.orderId);
    expect(history.at(-1)).toMatchObject({ by: 'deadline', reason: 'payment deadline passed' });
  });

  test('waits while a payment is processing, and is paid once that succeeds', async () => {
    const payment = await placed();
    upstreams.outcomes.set(payment.orderId, { status: 'processing' });
    await pass(32);
    expect(await orders.deliver(PaymentSucceeded(payment.paymentId, 2, payment))).toBe('SUCCESS');
    await pass(60);
    expect(await statusOf(payment.orderId)).toBe('paid');
    expect(upstreams.closed).toEqual([payment.orderId]);
  });

  test('asks about a processing payment less and less often, down to once an hour', async () => {
    const { orderId } = await placed();
    upstreams.outcomes.set(orderId, { status: 'processing' });
    for (let minute = 0; minute < 32; minute++) await pass(1);
    expect(upstreams.closed).toHaveLength(1);
    for (let minute = 0; minute < 24 * 60; minute += 5) await pass(5);
    expect(upstreams.closed.length).toBeGreaterThan(24);
    expect(upstreams.closed.length).toBeLessThan(35);
  });

  test('waits while payments does not respond, and delays no other order', async () => {
    const first = await placed();
    upstreams.outcomes.set(first.orderId, unavailable());
    await pass(3);
    const second = await placed();
    await expect(pass(32)).rejects.toMatchObject({ cause: { message: 'payments did not answer.' } });
    expect([await statusOf(first.orderId), await statusOf(second.orderId)]).toEqual(['pending', 'cancelled']);
    await expect(pass(2)).rejects.toMatchObject({ cause: { message: 'payments did not answer.' } });
    upstreams.outcomes.delete(first.orderId);
    await pass(2);
    expect(await statusOf(first.orderId)).toBe('cancelled');
  });

  test('is cancelled by the next turn if the service crashed after the payment intent was closed', async () => {
    const { orderId } = await placed();
    const { closeIntent } = upstreams.calls;
    upstreams.calls.closeIntent = async (input) => {
      orders.crash(true);
      return closeIntent(input);
    };
    await expect(pass(32)).rejects.toThrow('crashed');
    orders.crash(false);
    upstreams.calls.closeIntent = closeIntent;
    expect(await statusOf(orderId)).toBe('pending');
    await pass(0);
    expect(await statusOf(orderId)).toBe('cancelled');
  });

  test('is not asked about if it is paid or cancelled already', async () => {
    const paid = await placed();
    await orders.deliver(PaymentSucceeded(paid.paymentId, 2, paid));
    const cancelled = await placed();
    await orders.cancel(cancelled.orderId, ann);
    await pass(32);
    expect(upstreams.closed).toEqual([]);
  });
});
