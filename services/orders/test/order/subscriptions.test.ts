import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '@sidecart/contracts/access-token';
import { InventoryShort } from '@sidecart/contracts/inventory';
import { PaymentFailed, PaymentRefunded, PaymentSucceeded } from '@sidecart/contracts/payments';
import { euros } from '@sidecart/testing/builders';
import { aUser } from '@sidecart/testing/tokens';
import { startOrders, type OrdersApp } from '../orders.js';

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

const placed = () => orders.placed(ann);
const statusOf = (orderId: string) => orders.statusOf(orderId, ann);
const cancel = (orderId: string) => orders.cancel(orderId, ann);

describe('payment.succeeded', () => {
  test('makes the order paid; delivered again it changes nothing', async () => {
    const payment = await placed();
    const event = PaymentSucceeded(payment.paymentId, 2, payment);
    expect(await Promise.all([orders.deliver(event), orders.deliver(event)])).toEqual(['SUCCESS', 'SUCCESS']);
    expect(await orders.deliver(event)).toBe('SUCCESS');
    expect(await statusOf(payment.orderId)).toBe('paid');
    expect(await orders.eventsOf(payment.orderId)).toEqual(['order.placed', 'order.paid']);
    const states = { status: 'paid', life: 'open', payment: 'paid', fulfillment: 'unfulfilled' };
    expect(orders.published.filter(({ subject }) => subject === payment.orderId)).toMatchObject([
      { type: 'order.placed', sequence: 1 },
      { type: 'order.paid', sequence: 2, data: { ...states, total: euros(1200) } },
    ]);
  });

  test('is dropped if the amount is another, or another payment has paid the order', async () => {
    const payment = await placed();
    expect(await orders.deliver(PaymentSucceeded(payment.paymentId, 2, { ...payment, amount: euros(1) }))).toBe('DROP');
    expect(await statusOf(payment.orderId)).toBe('pending');
    await orders.deliver(PaymentSucceeded(payment.paymentId, 2, payment));
    expect(await orders.deliver(PaymentSucceeded('other', 2, { ...payment, paymentId: 'other' }))).toBe('DROP');
  });

  test('is delivered again if it arrives before the order is saved', async () => {
    const early = { orderId: 'not-yet', paymentId: 'pay', userId: ann.id, amount: euros(1200) };
    expect(await orders.deliver(PaymentSucceeded('pay', 2, early))).toBe('RETRY');
  });

  test('for a cancelled order is recorded only, and its refund makes the order refunded, once', async () => {
    const payment = await placed();
    await cancel(payment.orderId);
    expect(await orders.deliver(PaymentSucceeded(payment.paymentId, 2, payment))).toBe('SUCCESS');
    expect(await statusOf(payment.orderId)).toBe('cancelled');
    const refunded = PaymentRefunded(payment.paymentId, 4, payment);
    expect([await orders.deliver(refunded), await orders.deliver(refunded)]).toEqual(['SUCCESS', 'SUCCESS']);
    expect(await statusOf(payment.orderId)).toBe('refunded');
    expect((await orders.historyOf(payment.orderId, ann)).data).toMatchObject([
      { state: 'life', from: null, to: 'open' },
      { state: 'life', from: 'open', to: 'cancelled' },
      { state: 'payment', from: 'unpaid', to: 'paid', by: 'payments' },
      { state: 'payment', from: 'paid', to: 'refunded', by: 'payments' },
    ]);
    expect(await orders.eventsOf(payment.orderId)).toEqual(['order.placed', 'order.cancelled', 'order.refunded']);
  });
});

test('malformed events and unknown versions are dropped', async () => {
  const payment = await placed();
  const event = PaymentSucceeded(payment.paymentId, 2, payment);
  const short = InventoryShort('r', 1, { reference: 'r', lines: [{ sku: 's', quantity: 1 }] });
  expect(await orders.deliver({ ...event, data: { orderId: payment.orderId } })).toBe('DROP');
  expect(await orders.deliver({ ...event, version: 2 })).toBe('DROP');
  expect(await orders.deliver({ ...PaymentFailed(payment.paymentId, 2, { ...payment, code: 'x' }), data: {} })).toBe('DROP');
  expect(await orders.deliver({ ...PaymentRefunded(payment.paymentId, 2, payment), data: {} })).toBe('DROP');
  expect(await orders.deliver({ ...short, data: {} })).toBe('DROP');
  expect(await statusOf(payment.orderId)).toBe('pending');
});

test('payment.failed is recorded once, and the order still waits for a payment', async () => {
  const payment = await placed();
  const event = PaymentFailed(payment.paymentId, 2, { ...payment, code: 'card_declined' });
  expect([await orders.deliver(event), await orders.deliver(event)]).toEqual(['SUCCESS', 'SUCCESS']);
  const { failedPayments } = await orders.historyOf(payment.orderId, ann);
  expect(failedPayments).toMatchObject([{ paymentId: payment.paymentId, code: 'card_declined' }]);
  expect(await statusOf(payment.orderId)).toBe('pending');
});

test('payment.refunded may arrive before payment.succeeded, but not before the cancellation', async () => {
  const payment = await placed();
  const refunded = PaymentRefunded(payment.paymentId, 4, payment);
  expect(await orders.deliver(refunded)).toBe('RETRY');
  await cancel(payment.orderId);
  expect(await orders.deliver({ ...refunded, data: { ...payment, amount: euros(1) } })).toBe('DROP');
  expect(await orders.deliver(refunded)).toBe('SUCCESS');
  expect(await orders.deliver(PaymentSucceeded(payment.paymentId, 2, payment))).toBe('SUCCESS');
  expect(await statusOf(payment.orderId)).toBe('refunded');
});

test('inventory.short cancels a paid order once; if it arrives before the order is saved, it is delivered again', async () => {
  const payment = await placed();
  await orders.deliver(PaymentSucceeded(payment.paymentId, 2, payment));
  const short = (reference: string) => InventoryShort(reference, 1, { reference, lines: [{ sku: 'mug', quantity: 1 }] });
  expect([await orders.deliver(short(payment.orderId)), await orders.deliver(short(payment.orderId))]).toEqual(['SUCCESS', 'SUCCESS']);
  const { body } = await orders.get(`/api/orders/${payment.orderId}`, ann);
  expect(body).toMatchObject({ status: 'cancelled', reason: 'out of stock' });
  expect(await orders.eventsOf(payment.orderId)).toEqual(['order.placed', 'order.paid', 'order.cancelled']);
  expect(await orders.deliver(short('not-yet'))).toBe('RETRY');
});
