import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startShop, type Shop } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';
import { aCustomer, insist, signIn, type Ask, type Customer } from '../src/api.js';
import { ledgerOf, someGoods, stockOf } from '../src/goods.js';

let folder: string;
let shop: Shop;
let admin: Ask;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-crash-'));
  shop = await startShop({ folder, env: { PAYMENT_MINUTES: '3' } });
  admin = await signIn(shop.edge, shop.system.admin);
}, 180_000);

afterAll(async () => {
  await shop?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const LOADED = 500;
const CHECKOUTS = 100;

/** Places and pays one order as a stubborn client does: the same key again until there is an answer. */
async function checkout({ ask }: Customer, productId: string, key: string): Promise<string> {
  const placed = await insist(() => ask('POST', '/api/orders', { items: [{ productId, quantity: 1 }] }, { 'idempotency-key': key }));
  expect(placed.status).toBe(201);
  const paid = await insist(() =>
    ask('POST', '/api/payments', { orderId: placed.body.id, paymentMethodId: 'pm_card_visa' }, { 'idempotency-key': `pay-${key}` }),
  );
  expect([paid.status, paid.body.status]).toEqual([201, 'succeeded']);
  return placed.body.id;
}

test.each([
  ['the orders service', 'orders', 'app'],
  ['the inventory service', 'inventory', 'app'],
  ['the payments service', 'payments', 'app'],
  ['the sidecar of orders', 'orders', 'sidecar'],
  ['the sidecar of inventory', 'inventory', 'sidecar'],
] as const)(
  'kill -9 of %s in the middle of 100 checkouts loses no order, and the ledger adds up',
  async (_name, app, part) => {
    const sku = `CRASH-${app}-${part}`;
    const goods = await someGoods(admin, sku, LOADED);
    const customers = await Promise.all(Array.from({ length: 5 }, (_, i) => aCustomer(shop.edge, `crash-${i}`)));
    const orders: { id: string; buyer: Customer }[] = [];
    let killed: Promise<void> | undefined;
    const crash = async () => {
      await shop.system.kill(app, part);
      await shop.system.restart(app);
    };

    let left = CHECKOUTS;
    await Promise.all(
      Array.from({ length: 16 }, async (_, worker) => {
        while (left-- > 0) {
          const buyer = customers[worker % customers.length];
          if (!buyer) throw new Error('no buyer');
          orders.push({ id: await checkout(buyer, goods.productId, crypto.randomUUID()), buyer });
          if (orders.length >= CHECKOUTS / 4) killed ??= crash();
        }
      }),
    );
    await killed;
    expect(orders).toHaveLength(CHECKOUTS);

    const statusOf = async ({ id, buyer }: (typeof orders)[number]) =>
      (await insist(() => buyer.ask('GET', `/api/orders/${id}`))).body.status;
    await until('every order is paid', 90, async () => (await Promise.all(orders.map(statusOf))).every((status) => status === 'paid'));
    await until('the stock has followed', 60, async () => {
      const { onHand, held } = await stockOf(admin, sku);
      return onHand === LOADED - CHECKOUTS && held === 0;
    });
    const sold = (await ledgerOf(admin, sku)).filter(({ type }) => type === 'sale').map(({ reference }) => reference);
    expect(sold).toHaveLength(orders.length);
    expect(new Set(sold)).toEqual(new Set(orders.map(({ id }) => id)));
  },
  240_000,
);
