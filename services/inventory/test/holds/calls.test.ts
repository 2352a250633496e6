import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Hold, Stock } from '@sidecart/contracts/inventory';
import { line } from '../builders.js';
import { startInventory, type InventoryApp } from '../inventory.js';

let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory();
}, 60_000);

afterAll(() => app?.close());

describe('holds', () => {
  test('are set, changed and released', async () => {
    const sku = await app.stocked(10);
    expect((await app.hold('cart-1', sku, 4)).output).toMatchObject({ sku, quantity: 4 });
    await app.hold('cart-1', sku, 6);
    expect(await app.stockOf(sku)).toMatchObject({ held: 6, available: 4 });
    expect((await app.call(Stock, { sku })).output).toEqual({ sku, available: 4, orderable: 4, availability: 'in_stock' });
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
