import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '@sidecart/chassis/auth';
import { InventoryShort } from '@sidecart/contracts/inventory';
import { PaymentSucceeded } from '@sidecart/contracts/payments';
import type { Answer } from '@sidecart/testing/app';
import { aUser } from '@sidecart/testing/tokens';
import { startOrders } from './orders.js';

const MAX = 3;

let orders: Awaited<ReturnType<typeof startOrders>>;
let shop: ReturnType<typeof orders.renew>;
let customers = 0;
let ann: User;

beforeAll(async () => {
  orders = await startOrders({ MAX_UNPAID_ORDERS: String(MAX) });
  await orders.pass(0);
}, 60_000);

afterAll(() => orders?.close());

beforeEach(() => {
  shop = orders.renew();
  ann = aUser({ id: `ann-${++customers}` });
});

type Placed = Awaited<ReturnType<typeof orders.placed>>;

const placeTheMost = () => Promise.all(Array.from({ length: MAX }, () => orders.placed(ann)));

function expectTooMany({ status, body }: Answer): void {
  expect({ status, type: body.type }).toEqual({ status: 409, type: expect.stringMatching(/\/too-many-unpaid-orders$/) });
  expect(body.detail).toBe('You have 3 unpaid orders, the most allowed. Pay or cancel one of them, then order again.');
}

describe('unpaid orders', () => {
  test('beyond the limit are refused before stock is reserved, and other customers are not affected', async () => {
    await placeTheMost();
    expectTooMany(await orders.submit(ann));
    shop.fillCart(ann.id);
    expectTooMany(await orders.submit(ann, {}));
    expect(shop.reservations.size).toBe(MAX);
    expect((await orders.submit(aUser({ id: 'bob' }))).status).toBe(201);
  });

  test('stay within the limit however many are placed at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => orders.submit(ann)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(MAX);
    for (const answer of answers.filter(({ status }) => status !== 201)) expectTooMany(answer);
    expect((await orders.get('/api/orders', ann)).data).toHaveLength(MAX);
  });

  test('at the limit do not refuse a repeat of an order that was placed', async () => {
    const body = { items: [{ sku: 'mug', quantity: 1 }] };
    const first = await orders.submit(ann, body, { 'idempotency-key': 'key-of-the-first' });
    shop.fillCart(ann.id);
    const second = await orders.submit(ann, {});
    await orders.placed(ann);
    expectTooMany(await orders.submit(ann));
    expect((await orders.submit(ann, body, { 'idempotency-key': 'key-of-the-first' })).body).toEqual(first.body);
    expect((await orders.submit(ann, {})).body).toEqual(second.body);
  });

  const sue = aUser({ id: 'sue', role: 'staff', permissions: ['orders'] });
  const cancel = (as: User, { orderId }: Placed) => orders.request('POST', `/api/orders/${orderId}/cancel`, {}, { as });
  const moves: [string, (placed: Placed) => Promise<unknown>][] = [
    ['paid', (placed) => orders.deliver(PaymentSucceeded(placed.paymentId, 2, placed))],
    ['cancelled by the customer', (placed) => cancel(ann, placed)],
    ['cancelled by staff', (placed) => cancel(sue, placed)],
    [
      'short of stock',
      ({ orderId }) => orders.deliver(InventoryShort(orderId, 1, { reference: orderId, lines: [{ sku: 'mug', quantity: 1 }] })),
    ],
  ];

  test.each(moves)('no longer include an order that is %s, even if that is told twice', async (_, move) => {
    const [one] = await placeTheMost();
    if (!one) throw new Error('no order');
    await Promise.all([move(one), move(one)]);
    await move(one);
    expect((await orders.submit(ann)).status).toBe(201);
    expectTooMany(await orders.submit(ann));
  });

  test('no longer include orders that have expired', async () => {
    await placeTheMost();
    await orders.pass(32);
    await placeTheMost();
    expectTooMany(await orders.submit(ann));
  });

  test('still include an order whose payment is processing', async () => {
    const [one] = await placeTheMost();
    shop.bills.set(one?.orderId ?? '', { status: 'processing' });
    await orders.pass(32);
    const answers = await Promise.all(Array.from({ length: MAX }, () => orders.submit(ann)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(MAX - 1);
  });
});
