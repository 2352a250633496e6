import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '@sidecart/chassis/auth';
import { DomainError } from '@sidecart/chassis/errors';
import { PaymentFailed, PaymentSucceeded } from '@sidecart/contracts/payments';
import { aUser } from '@sidecart/testing/tokens';
import { startOrders } from './orders.js';

let orders: Awaited<ReturnType<typeof startOrders>>;
let shop: ReturnType<typeof orders.renew>;
let customers = 0;
let ann: User;

beforeAll(async () => {
  orders = await startOrders();
}, 60_000);

afterAll(() => orders?.close());

beforeEach(async () => {
  shop = orders.renew();
  ann = aUser({ id: `ann-${++customers}` });
  await pass(90); // past what the test before has noted
});

const pass = (minutes: number) => orders.pass(minutes);
const placed = () => orders.placed(ann);
const get = (path: string) => orders.get(path, ann);
const statusOf = (orderId: string) => orders.statusOf(orderId, ann);

describe('at its payment deadline an order', () => {
  test('is paid if payments says so; payment.succeeded may arrive later and changes nothing', async () => {
    const payment = await placed();
    shop.bills.set(payment.orderId, { status: 'paid', paymentId: payment.paymentId, amount: payment.amount });
    await pass(32);
    expect(await statusOf(payment.orderId)).toBe('paid');
    const { data } = await get(`/api/orders/${payment.orderId}/history`);
    expect(data.at(-1)).toMatchObject({ from: 'pending', to: 'paid', by: 'payments' });
    expect(await orders.deliver(PaymentSucceeded(payment.paymentId, 2, payment))).toBe('SUCCESS');
    expect((await get(`/api/orders/${payment.orderId}/history`)).data).toEqual(data);
    await pass(60);
    expect(shop.closed).toEqual([payment.orderId]);
  });

  test('waits while a payment is processing, and is cancelled once that has failed', async () => {
    const payment = await placed();
    shop.bills.set(payment.orderId, { status: 'processing' });
    for (let hour = 0; hour < 3; hour++) await pass(60);
    expect(await statusOf(payment.orderId)).toBe('pending');
    await orders.deliver(PaymentFailed(payment.paymentId, 2, { ...payment, code: 'debit_refused' }));
    shop.bills.delete(payment.orderId);
    await pass(62);
    expect(await statusOf(payment.orderId)).toBe('cancelled');
    const { data } = await get(`/api/orders/${payment.orderId}/history`);
    expect(data.at(-1)).toMatchObject({ by: 'deadline', reason: 'payment deadline passed' });
  });

  test('waits while a payment is processing, and is paid by its success', async () => {
    const payment = await placed();
    shop.bills.set(payment.orderId, { status: 'processing' });
    await pass(32);
    expect(await orders.deliver(PaymentSucceeded(payment.paymentId, 2, payment))).toBe('SUCCESS');
    await pass(60);
    expect(await statusOf(payment.orderId)).toBe('paid');
    expect(shop.closed).toEqual([payment.orderId]);
  });

  test('asks about a payment that is processing less and less often, once an hour in the end', async () => {
    const { orderId } = await placed();
    shop.bills.set(orderId, { status: 'processing' });
    for (let minute = 0; minute < 32; minute++) await pass(1);
    expect(shop.closed).toHaveLength(1);
    for (let minute = 0; minute < 24 * 60; minute += 5) await pass(5);
    expect(shop.closed.length).toBeGreaterThan(24);
    expect(shop.closed.length).toBeLessThan(35);
  });

  test('waits while payments does not answer, and holds up no other order', async () => {
    const first = await placed();
    shop.bills.set(first.orderId, new DomainError('unavailable', 'service-unavailable', 'payments did not answer.'));
    await pass(3);
    const second = await placed();
    await expect(pass(32)).rejects.toMatchObject({ cause: { message: 'payments did not answer.' } });
    expect([await statusOf(first.orderId), await statusOf(second.orderId)]).toEqual(['pending', 'cancelled']);
    await expect(pass(2)).rejects.toMatchObject({ cause: { message: 'payments did not answer.' } });
    shop.bills.delete(first.orderId);
    await pass(2);
    expect(await statusOf(first.orderId)).toBe('cancelled');
  });

  test('is cancelled by the next turn if the service crashed after the bill was closed', async () => {
    const { orderId } = await placed();
    const { closeBill } = shop.neighbours;
    shop.neighbours.closeBill = async (input) => {
      orders.crash(true);
      return closeBill(input);
    };
    await expect(pass(32)).rejects.toThrow('crashed');
    orders.crash(false);
    shop.neighbours.closeBill = closeBill;
    expect(await statusOf(orderId)).toBe('pending');
    await pass(0);
    expect(await statusOf(orderId)).toBe('cancelled');
  });

  test('is not asked about if it is paid or cancelled already', async () => {
    const paid = await placed();
    await orders.deliver(PaymentSucceeded(paid.paymentId, 2, paid));
    const cancelled = await placed();
    await orders.request('POST', `/api/orders/${cancelled.orderId}/cancel`, {}, { as: ann });
    await pass(32);
    expect(shop.closed).toEqual([]);
  });
});
