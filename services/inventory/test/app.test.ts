import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Hold, Reserve, Stock } from '@sidecart/contracts/inventory';
import type { StockLine } from '@sidecart/contracts/common';
import { ProductCreated } from '@sidecart/contracts/catalog';
import { OrderCancelled, OrderPaid, type OrderSnapshot } from '@sidecart/contracts/orders';
import { until as happens } from '@sidecart/runner/until';
import { startApp, type TestApp } from '@sidecart/testing/app';
import { aLine, anOrder, euros } from '@sidecart/testing/builders';
import { aUser } from '@sidecart/testing/tokens';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';
import { line } from './build.js';

const STAFF = aUser({ id: 'eve', role: 'staff', permissions: ['inventory'] });
const in15 = () => new Date(Date.now() + 15 * 60_000).toISOString();
const key = (value: string = randomUUID()) => ({ as: STAFF, headers: { 'idempotency-key': value } });

const anOrderOf = (orderId: string, ...lines: StockLine[]) =>
  anOrder({ orderId, lines: lines.map(({ sku, quantity }) => aLine(sku, quantity)) });

let app: TestApp;
beforeAll(async () => {
  app = await startApp('inventory', Settings.parse({ LOW_STOCK_THRESHOLD: '5' }), createApp);
}, 60_000);
afterAll(() => app?.close());

/** A new SKU with so many pieces. */
async function stocked(quantity: number): Promise<string> {
  const sku = `S-${randomUUID()}`;
  const { status } = await app.request('POST', '/api/inventories', { sku, productId: 'p1', quantity }, { as: STAFF });
  expect(status).toBe(201);
  return sku;
}

const stockOf = async (sku: string) => (await app.request('GET', `/api/inventories/${sku}`, undefined, { as: STAFF })).body;
const ledgerOf = async (sku: string, query = '') =>
  (await app.request('GET', `/api/inventories/${sku}/movements${query}`, undefined, { as: STAFF })).body;
const reserve = (reference: string, lines: object[], cartId: string | null = null, until = in15()) =>
  app.call(Reserve, { reference, cartId, lines: lines.map((each) => ({ sku: '', quantity: 0, ...each })), until });
const hold = (cartId: string, sku: string, quantity: number) => app.call(Hold, { cartId, sku, quantity, until: in15() });
const paid = (order: OrderSnapshot) => app.deliver(OrderPaid(order.orderId, 2, order));
const cancelled = (order: OrderSnapshot) => app.deliver(OrderCancelled(order.orderId, 2, order));

/** The types of what was published of these subjects, once as many as expected are there. */
async function published(count: number, ...subjects: string[]): Promise<string[]> {
  const types = () => app.published.filter(({ subject }) => subjects.includes(subject)).map(({ type }) => type);
  await happens(
    () => `${count} events of ${subjects.join(', ')}, got ${types().join(', ')}`,
    10,
    async () => types().length >= count,
  );
  return types();
}

describe('many at once', () => {
  test('200 reservations of 1 for 50 pieces are 50 reserved and 150 refused', async () => {
    const sku = await stocked(50);
    const answers = await Promise.all(Array.from({ length: 200 }, () => reserve(randomUUID(), [line(sku, 1)])));
    expect(answers.filter(({ output }) => output)).toHaveLength(50);
    expect(answers.filter(({ refused }) => refused?.slug === 'out-of-stock')).toHaveLength(150);
    expect(await stockOf(sku)).toMatchObject({ onHand: 50, held: 50, available: 0, availability: 'in_stock' });
  });

  test('two SKUs are reserved together or not at all', async () => {
    const [many, few] = await Promise.all([stocked(100), stocked(30)]);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => reserve(randomUUID(), n % 2 ? [line(many, 1), line(few, 1)] : [line(few, 1), line(many, 1)])),
    );
    expect(answers.filter(({ output }) => output)).toHaveLength(30);
    expect(await stockOf(many)).toMatchObject({ held: 30 });
    expect(await stockOf(few)).toMatchObject({ held: 30 });
  });

  test('100 orders paid at once sell 100 pieces, and the ledger adds up', async () => {
    const sku = await stocked(120);
    const orders = Array.from({ length: 100 }, () => anOrderOf(randomUUID(), line(sku, 1)));
    await Promise.all(orders.map(({ orderId, lines }) => reserve(orderId, [line(sku, lines[0]?.quantity ?? 0)])));
    await Promise.all(orders.flatMap((order) => [paid(order), paid(order)]));
    expect(await stockOf(sku)).toMatchObject({ onHand: 20, held: 0 });
    const first = await ledgerOf(sku, '?limit=100');
    const second = await ledgerOf(sku, `?limit=100&cursor=${first.next}`);
    const movements: { seq: number; quantity: number }[] = [...first.data, ...second.data];
    expect(movements.map(({ seq }) => seq)).toEqual(Array.from({ length: 101 }, (_, i) => 101 - i));
    expect(movements.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(20);
    expect(second.next).toBeNull();
  });
});

describe('holds', () => {
  test('are set, changed and given back', async () => {
    const sku = await stocked(10);
    expect((await hold('cart-1', sku, 4)).output).toMatchObject({ sku, quantity: 4 });
    await hold('cart-1', sku, 6);
    expect(await stockOf(sku)).toMatchObject({ held: 6, available: 4 });
    expect((await app.call(Stock, { sku })).output).toEqual({ sku, available: 4, availability: 'in_stock' });
    await hold('cart-1', sku, 0);
    expect(await stockOf(sku)).toMatchObject({ held: 0 });
  });

  test('last to the end of the minute', async () => {
    const { output } = await hold('cart-2', await stocked(1), 1);
    expect(output?.until).toMatch(/:00\.000Z$/);
    expect(Date.parse(output?.until ?? '')).toBeGreaterThanOrEqual(Date.now() + 15 * 60_000 - 1000);
  });

  test('of more than there is are refused, and what was held stays', async () => {
    const sku = await stocked(10);
    await hold('cart-3', sku, 4);
    const { refused } = await hold('cart-3', sku, 11);
    expect(refused).toMatchObject({ kind: 'conflict', slug: 'out-of-stock', extras: { lines: [{ sku, requested: 11, available: 10 }] } });
    expect(await stockOf(sku)).toMatchObject({ held: 4 });
  });

  test('are used up by the order of their cart, once', async () => {
    const sku = await stocked(3);
    await hold('cart-4', sku, 3);
    expect((await reserve('order-of-cart-4', [line(sku, 3)], 'cart-4')).output).toBeDefined();
    await hold('cart-4', sku, 0);
    expect(await stockOf(sku)).toMatchObject({ held: 3 });
    expect((await reserve(randomUUID(), [line(sku, 1)])).refused?.slug).toBe('out-of-stock');
  });

  test('are bounded in time', async () => {
    const sku = await stocked(3);
    const { refused } = await app.call(Hold, { cartId: 'cart-5', sku, quantity: 1, until: '2100-01-01T00:00:00.000Z' });
    expect(refused).toMatchObject({ kind: 'invalid', slug: 'until-out-of-range' });
  });

  test('of an unknown SKU are refused as out of stock, and its stock is not found', async () => {
    expect((await hold('cart-6', 'NOWHERE', 1)).refused).toMatchObject({ slug: 'out-of-stock' });
    expect((await app.call(Stock, { sku: 'NOWHERE' })).refused).toMatchObject({ kind: 'missing' });
  });
});

describe('reservations', () => {
  test('a repeat answers the same and holds no more', async () => {
    const sku = await stocked(10);
    const reference = randomUUID();
    const until = in15();
    const first = await reserve(reference, [line(sku, 2), line(sku, 1)], null, until);
    expect(await reserve(reference, [line(sku, 3)], null, until)).toEqual(first);
    expect(await stockOf(sku)).toMatchObject({ held: 3 });
    expect(await published(1, reference)).toEqual(['inventory.reserved']);
  });

  test('a repeated checkout extends what it has reserved, and holds no more', async () => {
    const sku = await stocked(3);
    const reference = randomUUID();
    await reserve(reference, [line(sku, 3)]);
    const later = new Date(Math.ceil(Date.now() / 60_000) * 60_000 + 45 * 60_000).toISOString();
    expect(await reserve(reference, [line(sku, 3)], null, later)).toEqual({ output: { reference, until: later } });
    expect(await stockOf(sku)).toMatchObject({ held: 3, available: 0 });
    expect(await paid(anOrderOf(reference, line(sku, 3)))).toBe('SUCCESS');
    expect(await stockOf(sku)).toMatchObject({ onHand: 0, held: 0 });
  });

  test('a refusal names every short line and leaves everything as it was', async () => {
    const [plenty, little] = await Promise.all([stocked(10), stocked(1)]);
    const { refused } = await reserve(randomUUID(), [line(plenty, 2), line(little, 2), line('NOWHERE', 1)]);
    expect(refused?.extras?.lines).toEqual([
      { sku: 'NOWHERE', requested: 1, available: 0 },
      { sku: little, requested: 2, available: 1 },
    ]);
    expect(await stockOf(plenty)).toMatchObject({ held: 0 });
  });
});

describe('order.paid', () => {
  test('sells what was reserved; a repeat changes nothing', async () => {
    const sku = await stocked(10);
    const order = anOrderOf(randomUUID(), line(sku, 4));
    await reserve(order.orderId, [line(sku, 4)]);
    expect(await paid(order)).toBe('SUCCESS');
    expect(await paid(order)).toBe('SUCCESS');
    expect(await stockOf(sku)).toMatchObject({ onHand: 6, held: 0 });
    const [sale, first] = (await ledgerOf(sku)).data;
    expect(sale).toMatchObject({ seq: 2, type: 'sale', quantity: -4, balance: 6, reference: order.orderId, by: null });
    expect(first).toMatchObject({ seq: 1, type: 'in', quantity: 10, balance: 10, by: 'eve' });
    expect(await published(2, order.orderId)).toEqual(['inventory.reserved', 'inventory.committed']);
  });

  test('that finds no reservation takes the stock, or tells that it is short', async () => {
    const sku = await stocked(5);
    const [served, late] = [anOrderOf(randomUUID(), line(sku, 3)), anOrderOf(randomUUID(), line(sku, 3))];
    expect(await paid(served)).toBe('SUCCESS');
    expect(await paid(late)).toBe('SUCCESS');
    expect(await paid(late)).toBe('SUCCESS');
    expect(await stockOf(sku)).toMatchObject({ onHand: 2, held: 0 });
    expect(await published(1, served.orderId)).toEqual(['inventory.committed']);
    expect(await published(1, late.orderId)).toEqual(['inventory.short']);
  });

  test('after order.cancelled, which came too early, sells nothing', async () => {
    const sku = await stocked(5);
    const order = anOrderOf(randomUUID(), line(sku, 3));
    expect(await cancelled(order)).toBe('SUCCESS');
    expect(await paid(order)).toBe('SUCCESS');
    expect(await stockOf(sku)).toMatchObject({ onHand: 5, held: 0 });
  });

  test.each([
    ['malformed', { ...OrderPaid('o', 1, anOrderOf('o', line('TEA', 1))), data: { orderId: 'o' } }],
    ['of an unknown version', { ...OrderPaid('o', 1, anOrderOf('o', line('TEA', 1))), version: 9 }],
    ['that asks for more of a SKU than a line may', OrderPaid('o', 1, anOrderOf('o', line('TEA', 999), line('TEA', 1)))],
  ])('%s is dropped', async (_name, event) => {
    expect(await app.deliver(event)).toBe('DROP');
  });
});

describe('order.cancelled', () => {
  test('gives back what was reserved; a repeat changes nothing', async () => {
    const sku = await stocked(5);
    const order = anOrderOf(randomUUID(), line(sku, 3));
    await reserve(order.orderId, [line(sku, 3)]);
    expect(await cancelled(order)).toBe('SUCCESS');
    await hold('someone', sku, 5);
    expect(await cancelled(order)).toBe('SUCCESS');
    expect(await stockOf(sku)).toMatchObject({ onHand: 5, held: 5 });
    expect(await published(2, order.orderId)).toEqual(['inventory.reserved', 'inventory.released']);
  });

  test('is final: a reservation that arrives after it is refused and holds nothing', async () => {
    const sku = await stocked(5);
    const order = anOrderOf(randomUUID(), line(sku, 3));
    await reserve(order.orderId, [line(sku, 3)]);
    await cancelled(order);
    expect((await reserve(order.orderId, [line(sku, 3)])).refused).toMatchObject({ kind: 'conflict', slug: 'order-cancelled' });
    expect(await stockOf(sku)).toMatchObject({ held: 0, available: 5 });
  });

  test('brings back what was sold; a repeat changes nothing', async () => {
    const sku = await stocked(5);
    const order = anOrderOf(randomUUID(), line(sku, 5));
    await reserve(order.orderId, [line(sku, 5)]);
    await paid(order);
    expect(await stockOf(sku)).toMatchObject({ onHand: 0, availability: 'out_of_stock' });
    expect(await cancelled(order)).toBe('SUCCESS');
    expect(await cancelled(order)).toBe('SUCCESS');
    expect(await paid(order)).toBe('SUCCESS');
    expect(await stockOf(sku)).toMatchObject({ onHand: 5, availability: 'low_stock' });
    expect((await ledgerOf(sku)).data[0]).toMatchObject({ type: 'return', quantity: 5, reference: order.orderId });
    expect(await published(3, order.orderId)).toEqual(['inventory.reserved', 'inventory.committed', 'inventory.returned']);
  });

  test('malformed is dropped', async () => {
    expect(await app.deliver({ ...OrderCancelled('o', 1, anOrderOf('o', line('TEA', 1))), data: {} })).toBe('DROP');
  });
});

describe('product.created', () => {
  const product = (sku: string, productId: string) =>
    ProductCreated(productId, 1, { productId, sku, name: 'Tea', price: euros(100), status: 'published', categoryId: null });

  test('makes an empty stock record; a repeat changes nothing', async () => {
    const sku = `S-${randomUUID()}`;
    expect(await app.deliver(product(sku, 'p7'))).toBe('SUCCESS');
    await app.request('POST', `/api/inventories/${sku}/movements`, { type: 'in', quantity: 3, reason: 'delivery' }, key());
    expect(await app.deliver(product(sku, 'p7'))).toBe('SUCCESS');
    expect(await stockOf(sku)).toMatchObject({ sku, productId: 'p7', onHand: 3, threshold: 5 });
    expect(await published(2, sku)).toEqual(['inventory.adjusted', 'inventory.availability_changed']);
  });

  test('of a product with the SKU of a deleted one gets the stock, and hears of it', async () => {
    const sku = await stocked(10);
    expect(await app.deliver(product(sku, 'p8'))).toBe('SUCCESS');
    expect(await stockOf(sku)).toMatchObject({ productId: 'p8', onHand: 10 });
    await published(3, sku);
    expect(app.published.findLast(({ subject }) => subject === sku)?.data).toEqual({ sku, productId: 'p8', availability: 'in_stock' });
  });

  test('malformed is dropped', async () => {
    expect(await app.deliver({ ...product('TEA', 'p9'), data: { sku: 'TEA' } })).toBe('DROP');
  });
});

describe('what staff do', () => {
  const delivery = { type: 'in', quantity: 10, reason: 'delivery' };

  test('a movement changes the stock once, however often its key is sent', async () => {
    const sku = await stocked(0);
    const ask = key();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => app.request('POST', `/api/inventories/${sku}/movements`, delivery, ask)),
    );
    const again = await app.request('POST', `/api/inventories/${sku}/movements`, delivery, ask);
    expect(again).toMatchObject({ status: 201, body: { seq: 1, type: 'in', quantity: 10, balance: 10, by: 'eve' } });
    for (const { status, body } of answers) expect({ status, body }).toEqual({ status: 201, body: again.body });
    expect(await stockOf(sku)).toMatchObject({ onHand: 10 });
  });

  test('a key that was used for another movement is refused', async () => {
    const [sku, other] = await Promise.all([stocked(0), stocked(0)]);
    const ask = key();
    await app.request('POST', `/api/inventories/${sku}/movements`, delivery, ask);
    for (const [target, body] of [[sku, { ...delivery, quantity: 11 }] as const, [other, delivery] as const]) {
      const answer = await app.request('POST', `/api/inventories/${target}/movements`, body, ask);
      expect(answer).toMatchObject({ status: 409, body: { type: expect.stringMatching(/idempotency-key-reused$/) } });
    }
    expect(await stockOf(other)).toMatchObject({ onHand: 0 });
  });

  test('taking out what is held is refused with what is available', async () => {
    const sku = await stocked(10);
    await hold('holder', sku, 4);
    const out = (quantity: number) =>
      app.request('POST', `/api/inventories/${sku}/movements`, { type: 'out', quantity, reason: 'broken' }, key());
    expect(await out(7)).toMatchObject({ status: 409, body: { lines: [{ sku, requested: 7, available: 6 }] } });
    expect(await out(6)).toMatchObject({ status: 201, body: { quantity: -6, balance: 4 } });
  });

  test('low stock is told once when it is crossed, by the threshold that was set', async () => {
    const sku = await stocked(10);
    const set = await app.request('PATCH', `/api/inventories/${sku}`, { threshold: 8 }, { as: STAFF });
    expect(set).toMatchObject({ status: 200, body: { sku, threshold: 8, availability: 'in_stock' } });
    const out = { type: 'out', quantity: 2, reason: 'broken' };
    await app.request('POST', `/api/inventories/${sku}/movements`, out, key());
    await app.request('POST', `/api/inventories/${sku}/movements`, out, key());
    expect(await published(6, sku)).toEqual([
      'inventory.adjusted',
      'inventory.availability_changed',
      'inventory.adjusted',
      'inventory.availability_changed',
      'inventory.low_stock',
      'inventory.adjusted',
    ]);
  });

  test('a stock record that is there is refused', async () => {
    const sku = await stocked(1);
    expect(await app.request('POST', '/api/inventories', { sku, productId: 'p1' }, { as: STAFF })).toMatchObject({ status: 409 });
  });

  test.each([
    ['GET', '/api/inventories/NOWHERE', undefined],
    ['GET', '/api/inventories/NOWHERE/movements', undefined],
    ['PATCH', '/api/inventories/NOWHERE', { threshold: 1 }],
    ['POST', '/api/inventories/NOWHERE/movements', delivery],
  ])('%s %s is not found', async (method, path, body) => {
    expect((await app.request(method, path, body, key())).status).toBe(404);
  });

  test.each([
    ['a movement without a key', 'POST', '/api/inventories/TEA/movements', delivery, {}, 'idempotency-key'],
    ['a movement of nothing', 'POST', '/api/inventories/TEA/movements', { ...delivery, quantity: 0 }, key().headers, 'quantity'],
    ['a movement of another type', 'POST', '/api/inventories/TEA/movements', { ...delivery, type: 'sale' }, key().headers, 'type'],
    ['a movement without a reason', 'POST', '/api/inventories/TEA/movements', { ...delivery, reason: ' ' }, key().headers, 'reason'],
    ['an unknown field', 'PATCH', '/api/inventories/TEA', { threshold: 1, onHand: 9 }, {}, 'onHand'],
    ['a threshold below 0', 'PATCH', '/api/inventories/TEA', { threshold: -1 }, {}, 'threshold'],
    ['a malformed SKU', 'POST', '/api/inventories', { sku: 'a|b', productId: 'p1' }, {}, 'sku'],
    ['a page of 1000', 'GET', '/api/inventories/TEA/movements?limit=1000', undefined, {}, 'limit'],
    ['an unknown query', 'GET', '/api/inventories/TEA/movements?page=1', undefined, {}, 'page'],
  ])('%s is refused by field', async (_name, method, path, body, headers, field) => {
    const answer = await app.request(method, path, body, { as: STAFF, headers });
    expect(answer).toMatchObject({ status: 400, body: { errors: [expect.objectContaining({ field })] } });
  });

  test.each([
    ['nobody', {}, 401],
    ['a customer', { as: aUser() }, 403],
    ['staff of something else', { as: aUser({ role: 'staff', permissions: ['catalog', 'orders'] }) }, 403],
  ])('%s may not see or change stock', async (_who, ask, status) => {
    expect((await app.request('GET', '/api/inventories/TEA', undefined, ask)).status).toBe(status);
    expect((await app.request('POST', '/api/inventories/TEA/movements', delivery, ask)).status).toBe(status);
  });

  test('the internal calls are not there for the public', async () => {
    const answer = await app.request('POST', '/internal/hold', { inputs: [] }, { as: STAFF });
    expect(answer.status).toBe(404);
  });
});
