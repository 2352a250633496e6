import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Hold, Stock } from '@sidecart/contracts/inventory';
import { line } from './builders.js';
import { orderOf, STAFF, startInventory, type InventoryApp } from './inventory.js';

let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory();
}, 60_000);

afterAll(() => app?.close());

describe('many requests at once', () => {
  test('200 reservations of 1 for 50 pieces reserve 50 and refuse 150', async () => {
    const sku = await app.stocked(50);
    const answers = await Promise.all(Array.from({ length: 200 }, () => app.reserve(randomUUID(), [line(sku, 1)])));
    expect(answers.filter(({ output }) => output)).toHaveLength(50);
    expect(answers.filter(({ refused }) => refused?.slug === 'out-of-stock')).toHaveLength(150);
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 50, held: 50, available: 0, availability: 'in_stock' });
  });

  test('two SKUs are reserved together or not at all', async () => {
    const [many, few] = await Promise.all([app.stocked(100), app.stocked(30)]);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        app.reserve(randomUUID(), n % 2 ? [line(many, 1), line(few, 1)] : [line(few, 1), line(many, 1)]),
      ),
    );
    expect(answers.filter(({ output }) => output)).toHaveLength(30);
    expect(await app.stockOf(many)).toMatchObject({ held: 30 });
    expect(await app.stockOf(few)).toMatchObject({ held: 30 });
  });

  test('100 orders paid at once sell 100 pieces, and the ledger adds up', async () => {
    const sku = await app.stocked(120);
    const orders = Array.from({ length: 100 }, () => orderOf(randomUUID(), line(sku, 1)));
    await Promise.all(orders.map(({ orderId, lines }) => app.reserve(orderId, [line(sku, lines[0]?.quantity ?? 0)])));
    await Promise.all(orders.flatMap((order) => [app.paid(order), app.paid(order)]));
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 20, held: 0 });
    const first = await app.ledgerOf(sku, '?limit=100');
    const second = await app.ledgerOf(sku, `?limit=100&cursor=${first.next}`);
    const movements: { seq: number; quantity: number }[] = [...first.data, ...second.data];
    expect(movements.map(({ seq }) => seq)).toEqual(Array.from({ length: 101 }, (_, i) => 101 - i));
    expect(movements.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(20);
    expect(second.next).toBeNull();
  });
});

describe('holds', () => {
  test('are set, changed and released', async () => {
    const sku = await app.stocked(10);
    expect((await app.hold('cart-1', sku, 4)).output).toMatchObject({ sku, quantity: 4 });
    await app.hold('cart-1', sku, 6);
    expect(await app.stockOf(sku)).toMatchObject({ held: 6, available: 4 });
    expect((await app.call(Stock, { sku })).output).toEqual({ sku, available: 4, availability: 'in_stock' });
    await app.hold('cart-1', sku, 0);
    expect(await app.stockOf(sku)).toMatchObject({ held: 0 });
  });

  test('last to the end of the minute', async () => {
    const { output } = await app.hold('cart-2', await app.stocked(1), 1);
    expect(output?.until).toMatch(/:00\.000Z$/);
    expect(Date.parse(output?.until ?? '')).toBeGreaterThanOrEqual(Date.now() + 15 * 60_000 - 1000);
  });

  test('of more than is available are refused, and leave the hold as it was', async () => {
    const sku = await app.stocked(10);
    await app.hold('cart-3', sku, 4);
    const { refused } = await app.hold('cart-3', sku, 11);
    expect(refused).toMatchObject({ kind: 'conflict', slug: 'out-of-stock', extras: { lines: [{ sku, requested: 11, available: 10 }] } });
    expect(await app.stockOf(sku)).toMatchObject({ held: 4 });
  });

  test('are used up by the order of their cart, once', async () => {
    const sku = await app.stocked(3);
    await app.hold('cart-4', sku, 3);
    expect((await app.reserve('order-of-cart-4', [line(sku, 3)], 'cart-4')).output).toBeDefined();
    await app.hold('cart-4', sku, 0);
    expect(await app.stockOf(sku)).toMatchObject({ held: 3 });
    expect((await app.reserve(randomUUID(), [line(sku, 1)])).refused?.slug).toBe('out-of-stock');
  });

  test('are limited in time', async () => {
    const sku = await app.stocked(3);
    const { refused } = await app.call(Hold, { cartId: 'cart-5', sku, quantity: 1, until: '2100-01-01T00:00:00.000Z' });
    expect(refused).toMatchObject({ kind: 'invalid', slug: 'until-out-of-range' });
  });

  test('on an unknown SKU are refused as out of stock, and its stock is not found', async () => {
    expect((await app.hold('cart-6', 'NOWHERE', 1)).refused).toMatchObject({ slug: 'out-of-stock' });
    expect((await app.call(Stock, { sku: 'NOWHERE' })).refused).toMatchObject({ kind: 'missing' });
  });
});

describe('reservations', () => {
  test('have the same answer if repeated, and hold no more', async () => {
    const sku = await app.stocked(10);
    const reference = randomUUID();
    const until = new Date(Date.now() + 15 * 60_000).toISOString();
    const first = await app.reserve(reference, [line(sku, 2), line(sku, 1)], null, until);
    expect(await app.reserve(reference, [line(sku, 3)], null, until)).toEqual(first);
    expect(await app.stockOf(sku)).toMatchObject({ held: 3 });
    expect(await app.eventsOf(1, reference)).toEqual(['inventory.reserved']);
  });

  test('are extended by a repeated checkout, and hold no more', async () => {
    const sku = await app.stocked(3);
    const reference = randomUUID();
    await app.reserve(reference, [line(sku, 3)]);
    const later = new Date(Math.ceil(Date.now() / 60_000) * 60_000 + 45 * 60_000).toISOString();
    expect(await app.reserve(reference, [line(sku, 3)], null, later)).toEqual({ output: { reference, until: later } });
    expect(await app.stockOf(sku)).toMatchObject({ held: 3, available: 0 });
    expect(await app.paid(orderOf(reference, line(sku, 3)))).toBe('SUCCESS');
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 0, held: 0 });
  });

  test('are refused with every short line, and change nothing then', async () => {
    const [plenty, little] = await Promise.all([app.stocked(10), app.stocked(1)]);
    const { refused } = await app.reserve(randomUUID(), [line(plenty, 2), line(little, 2), line('NOWHERE', 1)]);
    expect(refused?.extras?.lines).toEqual([
      { sku: 'NOWHERE', requested: 1, available: 0 },
      { sku: little, requested: 2, available: 1 },
    ]);
    expect(await app.stockOf(plenty)).toMatchObject({ held: 0 });
  });
});

test('the internal calls cannot be reached by the public', async () => {
  const answer = await app.request('POST', '/internal/hold', { inputs: [] }, { as: STAFF });
  expect(answer.status).toBe(404);
});
