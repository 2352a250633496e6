import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '@sidecart/contracts/access-token';
import { InventoryShort } from '@sidecart/contracts/inventory';
import { PaymentSucceeded } from '@sidecart/contracts/payments';
import type { Answer } from '@sidecart/testing/app';
import { problem } from '@sidecart/testing/problem';
import { aUser } from '@sidecart/testing/tokens';
import { A_MUG, startOrders, sue, type OrdersApp, type Placed } from '../orders.js';

const MAX = 3;

let orders: OrdersApp;
let upstreams: ReturnType<OrdersApp['renew']>;
let customers = 0;
let ann: User;

beforeAll(async () => {
  orders = await startOrders({ MAX_UNPAID_ORDERS: String(MAX) });
  await orders.pass(0);
}, 60_000);

afterAll(() => orders?.close());

beforeEach(() => {
  upstreams = orders.renew();
  ann = aUser({ id: `ann-${++customers}` });
});

const placeTheMost = () => Promise.all(Array.from({ length: MAX }, () => orders.placed(ann)));

function expectTooMany(answer: Answer): void {
  const detail = 'You have 3 unpaid orders, the most allowed. Pay or cancel one of them, then order again.';
  expect(answer).toMatchObject(problem(409, 'too-many-unpaid-orders', { detail }));
}

describe('unpaid orders', () => {
  test('beyond the limit are refused before stock is reserved; other customers are not affected', async () => {
    await placeTheMost();
    expectTooMany(await orders.submit(ann));
    upstreams.fillCart(ann.id);
    expectTooMany(await orders.submit(ann, {}));
    expect(upstreams.reservations.size).toBe(MAX);
    expect((await orders.submit(aUser({ id: 'bob' }))).status).toBe(201);
  });

  test('stay within the limit if many are placed concurrently', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => orders.submit(ann)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(MAX);
    for (const answer of answers.filter(({ status }) => status !== 201)) expectTooMany(answer);
    expect((await orders.get('/api/orders', ann)).body.data).toHaveLength(MAX);
    expect(upstreams.reservations.size).toBe(MAX); // what the refused orders had reserved is released
  });

  test('at the limit allow a repeat of an order that was placed', async () => {
    const first = await orders.submit(ann, A_MUG, 'key-of-the-first');
    upstreams.fillCart(ann.id);
    const second = await orders.submit(ann, {});
    await orders.placed(ann);
    expectTooMany(await orders.submit(ann));
    expect((await orders.submit(ann, A_MUG, 'key-of-the-first')).body).toEqual(first.body);
    expect((await orders.submit(ann, {})).body).toEqual(second.body);
  });

  const moves: [string, (placed: Placed) => Promise<unknown>][] = [
    ['paid', (placed) => orders.deliver(PaymentSucceeded(placed.paymentId, 2, placed))],
    ['cancelled by the customer', ({ orderId }) => orders.cancel(orderId, ann)],
    ['cancelled by staff', ({ orderId }) => orders.cancel(orderId, sue)],
    [
      'short of stock',
      ({ orderId }) => orders.deliver(InventoryShort(orderId, 1, { reference: orderId, lines: [{ sku: 'mug', quantity: 1 }] })),
    ],
  ];

  test.each(moves)('stop counting an order that is %s, once even if it is reported again', async (_, move) => {
    const [one] = await placeTheMost();
    if (!one) throw new Error('no order');
    await Promise.all([move(one), move(one)]);
    await move(one);
    expect((await orders.submit(ann)).status).toBe(201);
    expectTooMany(await orders.submit(ann));
  });

  test('do not count orders that have expired', async () => {
    await placeTheMost();
    await orders.pass(32);
    await placeTheMost();
    expectTooMany(await orders.submit(ann));
  });

  test('count an order whose payment is processing', async () => {
    const [one] = await placeTheMost();
    upstreams.outcomes.set(one?.orderId ?? '', { status: 'processing' });
    await orders.pass(32);
    const answers = await Promise.all(Array.from({ length: MAX }, () => orders.submit(ann)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(MAX - 1);
  });
});
