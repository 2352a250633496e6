import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CloseIntent } from '@sidecart/contracts/payments';
import { until } from '@sidecart/runner/until';
import { problem } from '@sidecart/testing/problem';
import { ann, BANK, DECLINED, startPayments, TOTAL, VISA, type PaymentsApp, type Shop } from './payments.js';

let payments: PaymentsApp;
let shop: Shop;

beforeAll(async () => {
  payments = await startPayments();
}, 60_000);

afterAll(() => payments?.close());

beforeEach(() => {
  shop = payments.renew();
});

afterEach(() => shop.ledger.provider.close());

const deliverCancelled = () => payments.deliver(payments.cancelled());

describe('order.cancelled', () => {
  test('refunds what was paid, once; delivered again it changes nothing', async () => {
    const { body } = await payments.pay();
    expect(await Promise.all([deliverCancelled(), deliverCancelled()])).toEqual(['SUCCESS', 'SUCCESS']);
    expect(await deliverCancelled()).toBe('SUCCESS');
    expect((await payments.get(`/api/payments/${body.id}`)).body.history.map(({ to }: { to: string }) => to)).toEqual([
      'processing',
      'succeeded',
      'refunding',
      'refunded',
    ]);
    expect(shop.ledger.refunds).toEqual([body.id]);
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded', 'payment.refunded']);
  });

  test('before any payment refuses every later one', async () => {
    expect(await deliverCancelled()).toBe('SUCCESS');
    expect(await payments.pay()).toMatchObject(problem(409, 'order-not-payable'));
    expect(shop.ledger.charges.size).toBe(0);
  });

  test('while a payment is processing refunds it as soon as it succeeds, once', async () => {
    shop.quickDebits();
    shop.ledger.lose.charges = 1;
    const { body } = await payments.pay(BANK);
    expect(await deliverCancelled()).toBe('SUCCESS');
    await until('the refund', 5, async () => (await payments.statusOf(body.id)) === 'refunded');
    expect(shop.ledger.refunds).toEqual([body.id]);
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded', 'payment.refunded']);
  });

  test('after a declined card refunds nothing', async () => {
    const { body } = await payments.pay(DECLINED);
    expect(await deliverCancelled()).toBe('SUCCESS');
    expect(await payments.statusOf(body.id)).toBe('failed');
    expect(shop.ledger.refunds).toEqual([]);
    expect(await payments.eventsOfOrder()).toEqual(['payment.failed']);
  });

  test('is dropped if it is malformed or of an unknown version', async () => {
    expect(await payments.deliver({ ...payments.cancelled(), data: { orderId: shop.orderId } })).toBe('DROP');
    expect(await payments.deliver({ ...payments.cancelled(), version: 2 })).toBe('DROP');
    expect((await payments.pay()).body.status).toBe('succeeded');
  });

  test('is delivered again if it could not be saved', async () => {
    shop.crashAt = 1;
    expect(await deliverCancelled()).toBe('RETRY');
    expect(await deliverCancelled()).toBe('SUCCESS');
    expect(await payments.pay()).toMatchObject(problem(409, 'order-not-payable'));
  });
});

describe('the payment intent of an order that expires', () => {
  const close = (orderId = shop.orderId) => payments.call(CloseIntent, { orderId, userId: ann.id, total: TOTAL });

  test('is closed if nothing was paid, and refuses every later payment', async () => {
    for (let n = 0; n < 2; n++) expect(await close()).toEqual({ output: { status: 'closed' } });
    expect(await payments.pay()).toMatchObject(problem(409, 'order-not-payable'));
    expect(await payments.pay(VISA, { key: `key-${shop.orderId}` })).toMatchObject(problem(409, 'order-not-payable'));
    expect(await deliverCancelled()).toBe('SUCCESS');
    expect(shop.ledger.charges.size).toBe(0);
  });

  test('is closed after a declined card', async () => {
    await payments.pay(DECLINED);
    expect(await close()).toEqual({ output: { status: 'closed' } });
    expect(await payments.pay()).toMatchObject(problem(409, 'order-not-payable'));
  });

  test('stays open while a payment is processing, whose success then counts and is not refunded', async () => {
    shop.quickDebits();
    shop.ledger.lose.charges = 1;
    const { body } = await payments.pay(BANK);
    expect(await close()).toEqual({ output: { status: 'processing' } });
    await until('the debit', 5, async () => (await payments.statusOf(body.id)) === 'succeeded');
    expect(await close()).toEqual({ output: { status: 'paid', paymentId: body.id, amount: TOTAL } });
    expect(shop.ledger.refunds).toEqual([]);
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('is either closed or paid if both are requested at the same time', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const orderId = `${shop.orderId}-${n}`;
        shop.orders.set(orderId, payments.due(orderId));
        const paying = payments.request('POST', '/api/payments', { orderId, paymentMethodId: VISA }, { as: ann });
        const [{ status }, { output }] = await Promise.all([paying, close(orderId)]);
        return `${output?.status === 'closed' ? 'closed' : 'open'} ${status}`;
      }),
    );
    expect(outcomes.filter((outcome) => outcome !== 'closed 409' && outcome !== 'open 201')).toEqual([]);
    expect(payments.succeededCharges()).toHaveLength(outcomes.filter((outcome) => outcome === 'open 201').length);
  });
});
