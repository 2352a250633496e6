import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OrderCancelled, OrderPaid } from '@sidecart/contracts/orders';
import { line } from '../builders.js';
import { orderOf, startInventory, type InventoryApp } from '../inventory.js';

let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory({ LOW_STOCK_THRESHOLD: '5' });
}, 60_000);

afterAll(() => app?.close());

describe('order.paid', () => {
  test('sells what was reserved; a repeat changes nothing', async () => {
    const sku = await app.stocked(10);
    const order = orderOf(randomUUID(), line(sku, 4));
    await app.reserve(order.orderId, [line(sku, 4)]);
    expect(await app.paid(order)).toBe('SUCCESS');
    expect(await app.paid(order)).toBe('SUCCESS');
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 6, held: 0 });
    const [sale, first] = (await app.ledgerOf(sku)).data;
    expect(sale).toMatchObject({ seq: 2, type: 'sale', quantity: -4, balance: 6, reference: order.orderId, by: null });
    expect(first).toMatchObject({ seq: 1, type: 'receive', quantity: 10, balance: 10, by: 'eve' });
    expect(await app.eventsOf(2, order.orderId)).toEqual(['inventory.reserved', 'inventory.committed']);
  });

  test('without a reservation sells the stock, or publishes that it is short', async () => {
    const sku = await app.stocked(5);
    const [served, late] = [orderOf(randomUUID(), line(sku, 3)), orderOf(randomUUID(), line(sku, 3))];
    expect(await app.paid(served)).toBe('SUCCESS');
    expect(await app.paid(late)).toBe('SUCCESS');
    expect(await app.paid(late)).toBe('SUCCESS');
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 2, held: 0 });
    expect(await app.eventsOf(1, served.orderId)).toEqual(['inventory.committed']);
    expect(await app.eventsOf(1, late.orderId)).toEqual(['inventory.short']);
  });

  test('after order.cancelled sells nothing', async () => {
    const sku = await app.stocked(5);
    const order = orderOf(randomUUID(), line(sku, 3));
    expect(await app.cancelled(order)).toBe('SUCCESS');
    expect(await app.paid(order)).toBe('SUCCESS');
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 5, held: 0 });
  });

  test.each([
    ['malformed', { ...OrderPaid('o', 1, orderOf('o', line('TEA', 1))), data: { orderId: 'o' } }],
    ['of an unknown version', { ...OrderPaid('o', 1, orderOf('o', line('TEA', 1))), version: 9 }],
    ['with more of a SKU than a line may have', OrderPaid('o', 1, orderOf('o', line('TEA', 999), line('TEA', 1)))],
  ])('%s is dropped', async (_name, event) => {
    expect(await app.deliver(event)).toBe('DROP');
  });
});

describe('order.cancelled', () => {
  test('releases what was reserved; a repeat changes nothing', async () => {
    const sku = await app.stocked(5);
    const order = orderOf(randomUUID(), line(sku, 3));
    await app.reserve(order.orderId, [line(sku, 3)]);
    expect(await app.cancelled(order)).toBe('SUCCESS');
    await app.hold('someone', sku, 5);
    expect(await app.cancelled(order)).toBe('SUCCESS');
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 5, held: 5 });
    expect(await app.eventsOf(2, order.orderId)).toEqual(['inventory.reserved', 'inventory.released']);
  });

  test('is final: a reservation that arrives after it is refused and holds nothing', async () => {
    const sku = await app.stocked(5);
    const order = orderOf(randomUUID(), line(sku, 3));
    await app.reserve(order.orderId, [line(sku, 3)]);
    await app.cancelled(order);
    expect((await app.reserve(order.orderId, [line(sku, 3)])).refused).toMatchObject({ kind: 'conflict', slug: 'order-cancelled' });
    expect(await app.stockOf(sku)).toMatchObject({ held: 0, available: 5 });
  });

  test('returns what was sold; a repeat changes nothing', async () => {
    const sku = await app.stocked(5);
    const order = orderOf(randomUUID(), line(sku, 5));
    await app.reserve(order.orderId, [line(sku, 5)]);
    await app.paid(order);
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 0, availability: 'out_of_stock' });
    expect(await app.cancelled(order)).toBe('SUCCESS');
    expect(await app.cancelled(order)).toBe('SUCCESS');
    expect(await app.paid(order)).toBe('SUCCESS');
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 5, availability: 'low_stock' });
    expect((await app.ledgerOf(sku)).data[0]).toMatchObject({ type: 'return', quantity: 5, reference: order.orderId });
    expect(await app.eventsOf(3, order.orderId)).toEqual(['inventory.reserved', 'inventory.committed', 'inventory.returned']);
  });

  test('is dropped if it is malformed', async () => {
    expect(await app.deliver({ ...OrderCancelled('o', 1, orderOf('o', line('TEA', 1))), data: {} })).toBe('DROP');
  });
});
