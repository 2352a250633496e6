import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { expectWarning } from '@sidecart/testing/noise';
import { BANK, startPayments, VISA, type PaymentsApp, type Shop } from './payments.js';

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

const pass = (minutes: number) => payments.pass(minutes);

describe('after a crash', () => {
  test('between the charge and its reply, a repeated request finds the outcome, and nothing is charged twice', async () => {
    const key = `key-${shop.orderId}`;
    shop.ledger.lose.charges = 1;
    expect((await payments.pay(VISA, { key })).body.status).toBe('processing');
    expect((await payments.pay(VISA, { key })).body.status).toBe('succeeded');
    expect(shop.ledger.charges.size).toBe(1);
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('between the reply and saving it, a second click finds the outcome', async () => {
    expectWarning(/crashed/);
    shop.crashAt = 2;
    expect((await payments.pay()).status).toBe(500);
    expect(payments.succeededCharges()).toHaveLength(1);
    expect((await payments.pay()).body.status).toBe('succeeded');
    expect(shop.ledger.charges.size).toBe(1);
  });

  test('between the reply and saving it, the deadline finds the outcome, once', async () => {
    expectWarning(/crashed/);
    await pass(0);
    shop.crashAt = 2;
    expect((await payments.pay()).status).toBe(500);
    await Promise.all([pass(2), pass(0)]);
    await pass(2);
    expect((await payments.get(`/api/payments?orderId=${shop.orderId}`)).body.data).toMatchObject([{ status: 'succeeded' }]);
    expect(shop.ledger.charges.size).toBe(1);
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('in the middle of a refund, the deadline completes it, once', async () => {
    await pass(0);
    const { body } = await payments.pay();
    await pass(2);
    shop.ledger.lose.refunds = 2;
    expect(await payments.deliver(payments.cancelled())).toBe('SUCCESS');
    await pass(2);
    expect(await payments.statusOf(body.id)).toBe('refunding');
    await pass(5);
    expect(await payments.statusOf(body.id)).toBe('refunded');
    expect(shop.ledger.refunds).toEqual([body.id]);
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded', 'payment.refunded']);
  });
});

test('a slow payment is checked repeatedly until its outcome is known', async () => {
  await pass(0);
  const { body } = await payments.pay(BANK);
  await pass(2);
  expect(await payments.statusOf(body.id)).toBe('processing');
  shop.ledger.provider.retrieve = async (reference) => ({ reference, status: 'succeeded' });
  await pass(4);
  expect(await payments.statusOf(body.id)).toBe('succeeded');
  expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded']);
});
