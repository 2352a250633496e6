import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { UserReinstated, UserSuspended } from '@sidecart/contracts/identity';
import { until } from '@sidecart/runner/until';
import { problem } from '@sidecart/testing/problem';
import { aUser } from '@sidecart/testing/tokens';
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

const pay: PaymentsApp['pay'] = (...args) => payments.pay(...args);
const get: PaymentsApp['get'] = (...args) => payments.get(...args);

describe('paying an order', () => {
  test('takes the money, returns the payment and publishes it', async () => {
    const { status, body } = await pay();
    const { orderId } = shop;
    expect(status).toBe(201);
    expect(body).toMatchObject({ orderId, amount: TOTAL, paymentMethodId: VISA, status: 'succeeded', failure: null });
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded']);
    const event = payments.published.find(({ subject }) => subject === body.id);
    expect(event).toMatchObject({ sequence: 2, data: { paymentId: body.id, orderId, userId: ann.id, amount: TOTAL } });
    expect((await get(`/api/payments/${body.id}`)).body).toEqual(body);
    expect((await get(`/api/payments?orderId=${orderId}`)).body).toEqual({ data: [body], next: null });
  });

  test('with a declined card returns a failed payment, and the order can be paid with another card', async () => {
    const first = await pay(DECLINED);
    expect(first).toMatchObject({ status: 201, body: { status: 'failed', failure: { code: 'card_declined' } } });
    const second = await pay('pm_card_chargeDeclinedInsufficientFunds');
    const third = await pay(VISA);
    expect([second.body.status, third.body.status]).toEqual(['failed', 'succeeded']);
    expect((await get(`/api/payments?orderId=${shop.orderId}`)).body.data).toEqual([third.body, second.body, first.body]);
    expect(await payments.eventsOfOrder()).toEqual(['payment.failed', 'payment.failed', 'payment.succeeded']);
  });

  test('with a double click is one payment, and once it has succeeded any other is refused', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => pay()));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.map(({ status, body }) => [status, body.status])).toEqual(answers.map(() => [201, 'succeeded']));
    expect(payments.succeededCharges()).toHaveLength(1);
    expect(await pay(BANK)).toMatchObject(problem(409, 'order-not-payable'));
    expect(await pay(VISA, { key: `key-${shop.orderId}` })).toMatchObject(problem(409, 'order-not-payable'));
    expect(shop.ledger.charges.size).toBe(1);
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('with two keys concurrently is one charge', async () => {
    const answers = await Promise.all([pay(VISA, { key: 'key-one-1' }), pay(VISA, { key: 'key-two-2' })]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    expect(shop.ledger.charges.size).toBe(1);
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('with the same key again returns the same payment, even if the order is paid by then', async () => {
    const key = `key-${shop.orderId}`;
    const [first, twin] = await Promise.all([pay(VISA, { key }), pay(VISA, { key })]);
    shop.orders.set(shop.orderId, payments.due(shop.orderId, { status: 'paid' }));
    const again = await pay(VISA, { key });
    for (const { status, body } of [twin, again]) expect({ status, body }).toEqual({ status: 201, body: first.body });
    expect(shop.ledger.charges.size).toBe(1);
    expect(await pay(DECLINED, { key })).toMatchObject(problem(409, 'idempotency-key-reused'));
  });

  test('with a key that failed while the same request was on its way returns that failure', async () => {
    const key = `key-${shop.orderId}`;
    let open: (value?: unknown) => void = () => undefined;
    shop.gate = new Promise((resolve) => (open = resolve));
    const slow = pay(DECLINED, { key });
    await until('the slow request', 5, async () => shop.asked === 1);
    shop.gate = Promise.resolve();
    const quick = await pay(DECLINED, { key });
    open();
    expect((await slow).body).toEqual(quick.body);
    expect(await payments.eventsOfOrder()).toEqual(['payment.failed']);
  });

  test('is refused while another payment is in progress', async () => {
    await pay(BANK, { key: `key-${shop.orderId}` });
    expect(await pay(VISA)).toMatchObject(problem(409, 'payment-in-progress'));
    expect(await pay(VISA, { key: `other-${shop.orderId}` })).toMatchObject(problem(409, 'payment-in-progress'));
    expect(shop.ledger.charges.size).toBe(1);
  });

  test('with another method than the click before is refused while that is in progress', async () => {
    const first = await pay(BANK);
    expect(await pay(VISA)).toMatchObject(problem(409, 'payment-in-progress'));
    expect((await pay(BANK)).body).toMatchObject({ id: first.body.id, status: 'processing' });
  });

  test('is refused after twenty attempts', async () => {
    for (let n = 0; n < 20; n++) expect((await pay(DECLINED)).body.status).toBe('failed');
    expect(await pay(VISA)).toMatchObject(problem(409, 'too-many-attempts'));
  });

  test('is refused if there is no such order, it is another customer’s, or it is not payable', async () => {
    const { orderId, orders } = shop;
    expect(await pay(VISA, { as: aUser({ id: 'bob' }) })).toMatchObject(problem(404, 'not-found'));
    orders.set(orderId, payments.due(orderId, { status: 'cancelled' }));
    expect(await pay()).toMatchObject(problem(409, 'order-not-payable'));
    orders.set(orderId, payments.due(orderId, { payBy: payments.clock.now.toISOString() }));
    expect(await pay()).toMatchObject(problem(409, 'order-not-payable'));
    orders.clear();
    expect(await pay()).toMatchObject(problem(404, 'not-found'));
    expect(shop.ledger.charges.size).toBe(0);
  });

  test.each([
    ['an unknown payment method', { paymentMethodId: 'pm_card_mystery' }, 'paymentMethodId'],
    ['a malformed payment method', { paymentMethodId: 'pm card' }, 'paymentMethodId'],
    ['an amount', { amount: 1 }, 'amount'],
    ['no order', { orderId: undefined }, 'orderId'],
  ])('refuses %s', async (_, change, field) => {
    const { orderId } = shop;
    const answer = await payments.request('POST', '/api/payments', { orderId, paymentMethodId: VISA, ...change }, { as: ann });
    expect(answer).toMatchObject(problem(400, 'validation-failed'));
    expect(answer.body.errors).toMatchObject([{ field }]);
    expect((await get(`/api/payments?orderId=${orderId}`)).body.data).toEqual([]);
  });

  test('needs an access token', async () => {
    const body = { orderId: shop.orderId, paymentMethodId: VISA };
    expect((await payments.request('POST', '/api/payments', body)).status).toBe(401);
  });

  test('is refused while the account is suspended', async () => {
    const bea = aUser({ id: 'bea' });
    shop.orders.set(shop.orderId, payments.due(shop.orderId, { userId: bea.id }));
    await payments.deliver(UserSuspended(bea.id, 2, { userId: bea.id, email: bea.email, name: bea.name, locale: 'en' }));
    expect(await pay(VISA, { as: bea })).toMatchObject(problem(403, 'account-suspended'));
    expect(await pay(VISA, { as: bea, key: 'key-of-bea' })).toMatchObject(problem(403, 'account-suspended'));
    expect(shop.ledger.charges.size).toBe(0);
    await payments.deliver(UserReinstated(bea.id, 3, { userId: bea.id }));
    expect((await pay(VISA, { as: bea })).body.status).toBe('succeeded');
  });
});

test('payments are shown only to their owner and to staff with the permission', async () => {
  const { body } = await pay();
  const [bob, sue] = [aUser({ id: 'bob' }), aUser({ id: 'sue', role: 'staff', permissions: ['payments'] })];
  expect((await get(`/api/payments/${body.id}`, sue)).body).toEqual(body);
  expect((await get(`/api/payments?orderId=${shop.orderId}`, sue)).body.data).toEqual([body]);
  const packer = aUser({ id: 'pat', role: 'staff', permissions: ['orders'] });
  for (const other of [bob, packer]) expect(await get(`/api/payments/${body.id}`, other)).toMatchObject(problem(404, 'not-found'));
  expect((await get(`/api/payments?orderId=${shop.orderId}`, bob)).body.data).toEqual([]);
  expect(await get('/api/payments/nothing')).toMatchObject(problem(404, 'not-found'));
});
