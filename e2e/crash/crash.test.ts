import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ownCombination, type Combination } from '@sidecart/runner/combination';
import { HIGH_LIMITS, startShop, type Shop } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';
import { aCustomer, insist, signIn, type Ask, type Customer } from '../support/api.js';
import { ledgerOf, someGoods, stockOf } from '../support/goods.js';

let folder: string;
let combination: Combination;
let shop: Shop;
let admin: Ask;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-crash-'));
  combination = await ownCombination();
  const { state, pubsub } = combination;
  // An order counts as unpaid until payment.succeeded arrives.
  const env = { ...HIGH_LIMITS, PAYMENT_MINUTES: '3', MAX_UNPAID_ORDERS: String(CHECKOUTS) };
  shop = await startShop({ folder, ...(state && { state }), ...(pubsub && { pubsub }), env });
  admin = await signIn(shop.edge, shop.system.admin);
}, 180_000);

afterAll(async () => {
  await shop?.stop();
  await combination?.drop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const LOADED = 500;
const CHECKOUTS = 100;

/**
 * Places and pays one order as a persistent client does: it repeats a request with the same key
 * until there is a response.
 */
async function checkout({ ask }: Customer, sku: string, key: string): Promise<string> {
  const placed = await insist(() => ask('POST', '/api/orders', { items: [{ sku, quantity: 1 }] }, { 'idempotency-key': key }));
  expect(placed.status).toBe(201);
  const paid = await insist(() =>
    ask('POST', '/api/payments', { orderId: placed.body.id, paymentMethodId: 'pm_card_visa' }, { 'idempotency-key': `pay-${key}` }),
  );
  expect([paid.status, paid.body.status]).toEqual([201, 'succeeded']);
  return placed.body.id;
}

/**
 * Lets customers buy, calls `crash` after a quarter of the checkouts, and waits until every order
 * is paid and its stock was sold exactly once.
 */
async function crashInTheMiddle(sku: string, crash: () => Promise<void>): Promise<void> {
  const goods = await someGoods(admin, sku, LOADED);
  const customers = await Promise.all(Array.from({ length: 5 }, (_, i) => aCustomer(shop.edge, `crash-${i}`)));
  const orders: { id: string; buyer: Customer }[] = [];
  let crashed: Promise<void> | undefined;

  let left = CHECKOUTS;
  await Promise.all(
    Array.from({ length: 16 }, async (_, worker) => {
      while (left-- > 0) {
        const buyer = customers[worker % customers.length];
        if (!buyer) throw new Error('no buyer');
        orders.push({ id: await checkout(buyer, goods.sku, crypto.randomUUID()), buyer });
        if (orders.length >= CHECKOUTS / 4) crashed ??= crash();
      }
    }),
  );
  await crashed;
  expect(orders).toHaveLength(CHECKOUTS);

  const statusOf = async ({ id, buyer }: (typeof orders)[number]) =>
    (await insist(() => buyer.ask('GET', `/api/orders/${id}`))).body.status;
  await until('every order is paid', 90, async () => (await Promise.all(orders.map(statusOf))).every((status) => status === 'paid'));
  await until('the stock is sold', 60, async () => {
    const { onHand, held } = await stockOf(admin, sku);
    return onHand === LOADED - CHECKOUTS && held === 0;
  });
  const sold = (await ledgerOf(admin, sku)).filter(({ type }) => type === 'sale').map(({ reference }) => reference);
  expect(sold).toHaveLength(orders.length);
  expect(new Set(sold)).toEqual(new Set(orders.map(({ id }) => id)));
}

async function killAndRestart(app: string, part: 'app' | 'sidecar'): Promise<void> {
  await shop.system.kill(app, part);
  await shop.system.restart(app);
}

describe('on any combination', () => {
  test.each([
    ['the inventory service', 'app'],
    ['the sidecar of inventory', 'sidecar'],
  ] as const)(
    'kill -9 of %s in the middle of 100 checkouts loses no order, and the ledger adds up',
    (_name, part) => crashInTheMiddle(`CRASH-inventory-${part}`, () => killAndRestart('inventory', part)),
    240_000,
  );
});

test.each([
  ['the orders service', 'orders', 'app'],
  ['the payments service', 'payments', 'app'],
  ['the sidecar of orders', 'orders', 'sidecar'],
] as const)(
  'kill -9 of %s in the middle of 100 checkouts loses no order, and the ledger adds up',
  (_name, app, part) => crashInTheMiddle(`CRASH-${app}-${part}`, () => killAndRestart(app, part)),
  240_000,
);

test('kill -9 of the broker in the middle of 100 checkouts loses no order, and the ledger adds up', async () => {
  await crashInTheMiddle('CRASH-broker', async () => {
    await shop.system.broker?.kill();
    await shop.system.broker?.restart();
  });
}, 240_000);
