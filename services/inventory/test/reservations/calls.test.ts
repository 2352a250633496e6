import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { line } from '../builders.js';
import { orderOf, STAFF, startInventory, type InventoryApp } from '../inventory.js';

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
