import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HIGH_LIMITS, startShop, type Shop } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';
import { aCustomer, insist, signIn } from '../support/api.js';
import { someGoods, stockOf } from '../support/goods.js';

let folder: string;
let shop: Shop;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-late-'));
  shop = await startShop({ folder, env: { ...HIGH_LIMITS, PAYMENT_MINUTES: '0.4' } });
}, 180_000);

afterAll(async () => {
  await shop?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test('an order that was paid in time is not cancelled, even if the broker is down past its deadline', async () => {
  const admin = await signIn(shop.edge, shop.system.admin);
  const { ask } = await aCustomer(shop.edge, 'ann');
  const goods = await someGoods(admin, 'LATE', 5);
  const placed = await ask('POST', '/api/orders', { items: [{ sku: goods.sku, quantity: 2 }] });
  expect(placed.status).toBe(201);
  await shop.system.broker?.kill();
  const paid = await insist(() => ask('POST', '/api/payments', { orderId: placed.body.id, paymentMethodId: 'pm_card_visa' }));
  expect([paid.status, paid.body.status]).toEqual([201, 'succeeded']);
  const order = await until('the deadline has passed', 110, async () => {
    const { body } = await ask('GET', `/api/orders/${placed.body.id}`);
    return body.status !== 'pending' && body;
  });
  expect(order).toMatchObject({ status: 'paid', reason: null });
  await shop.system.broker?.restart();
  await until('the stock is sold', 60, async () => (await stockOf(admin, 'LATE')).onHand === 3);
  expect((await ask('GET', `/api/orders/${placed.body.id}`)).body.status).toBe('paid');
}, 240_000);
