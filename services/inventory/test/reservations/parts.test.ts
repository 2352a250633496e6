import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProductUpdated } from '@sidecart/contracts/catalog';
import type { StockLine } from '@sidecart/contracts/common';
import { Commit, Release } from '@sidecart/contracts/inventory';
import { euros } from '@sidecart/testing/builders';
import { line } from '../builders.js';
import { orderOf, startInventory, type InventoryApp } from '../inventory.js';

let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory();
}, 60_000);

afterAll(() => app?.close());

const commit = (reference: string, requestId: string, ...lines: StockLine[]) => app.call(Commit, { reference, requestId, lines });
const release = (reference: string, requestId: string, ...lines: StockLine[]) => app.call(Release, { reference, requestId, lines });

/** Reserves lines for a new order and returns it. */
async function reserved(...lines: StockLine[]) {
  const order = orderOf(randomUUID(), ...lines);
  expect((await app.reserve(order.orderId, lines)).output).toBeDefined();
  return order;
}

describe('a part of a reservation', () => {
  test('is sold once per request, and the payment sells the rest', async () => {
    const [tea, cup] = await Promise.all([app.stocked(10), app.stocked(10)]);
    const order = await reserved(line(tea, 5), line(cup, 2));
    expect((await commit(order.orderId, 'parcel-1', line(tea, 2))).output).toEqual({ reference: order.orderId });
    expect((await commit(order.orderId, 'parcel-1', line(tea, 2))).output).toEqual({ reference: order.orderId });
    expect(await app.stockOf(tea)).toMatchObject({ onHand: 8, held: 3 });
    await app.paid(order);
    expect(await app.stockOf(tea)).toMatchObject({ onHand: 5, held: 0 });
    expect(await app.stockOf(cup)).toMatchObject({ onHand: 8, held: 0 });
    const sales = (await app.ledgerOf(tea)).data.filter(({ reference }: { reference: string }) => reference === order.orderId);
    expect(sales.map(({ quantity, reason }: { quantity: number; reason: string }) => [quantity, reason])).toEqual([
      [-3, 'order paid'],
      [-2, 'sold in part'],
    ]);
  });

  test('is released once per request, and the payment sells what is left', async () => {
    const tea = await app.stocked(10);
    const order = await reserved(line(tea, 5));
    await release(order.orderId, 'cancel-1', line(tea, 2));
    await release(order.orderId, 'cancel-1', line(tea, 2));
    expect(await app.stockOf(tea)).toMatchObject({ onHand: 10, held: 3 });
    await app.reserve(order.orderId, [line(tea, 5)]); // a late duplicate of the checkout
    expect(await app.stockOf(tea)).toMatchObject({ held: 3 });
    await app.paid(order);
    expect(await app.stockOf(tea)).toMatchObject({ onHand: 7, held: 0 });
  });

  test('of a paid order returns to stock, and its cancellation returns the rest', async () => {
    const tea = await app.stocked(10);
    const order = await reserved(line(tea, 5));
    await app.paid(order);
    await release(order.orderId, 'cancel-1', line(tea, 2));
    expect(await app.stockOf(tea)).toMatchObject({ onHand: 7 });
    await app.cancelled(order);
    expect(await app.stockOf(tea)).toMatchObject({ onHand: 10, held: 0 });
    expect((await release(order.orderId, 'cancel-2', line(tea, 1))).refused).toMatchObject({ kind: 'conflict', slug: 'not-reserved' });
  });

  test('that is all of it leaves room for another try of the order', async () => {
    const tea = await app.stocked(5);
    const order = await reserved(line(tea, 5));
    await release(order.orderId, randomUUID(), line(tea, 5));
    expect(await app.stockOf(tea)).toMatchObject({ held: 0 });
    expect((await app.reserve(order.orderId, [line(tea, 5)])).output).toBeDefined();
    expect(await app.stockOf(tea)).toMatchObject({ held: 5 });
  });

  test('of ten requests at once for two of five pieces is sold twice', async () => {
    const tea = await app.stocked(5);
    const order = await reserved(line(tea, 5));
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => commit(order.orderId, `parcel-${n}`, line(tea, 2))));
    expect(answers.filter(({ output }) => output)).toHaveLength(2);
    expect(answers.find(({ refused }) => refused)?.refused).toMatchObject({
      slug: 'not-reserved',
      extras: { lines: [{ sku: tea, requested: 2, available: 1 }] },
    });
    expect(await app.stockOf(tea)).toMatchObject({ onHand: 1, held: 1 });
  });

  test('is refused if the order is unknown, or its request was another one', async () => {
    const tea = await app.stocked(5);
    const order = await reserved(line(tea, 5));
    expect((await commit(randomUUID(), 'parcel-1', line(tea, 1))).refused).toMatchObject({ kind: 'missing' });
    await commit(order.orderId, 'parcel-1', line(tea, 1));
    for (const answer of [await commit(order.orderId, 'parcel-1', line(tea, 2)), await release(order.orderId, 'parcel-1', line(tea, 1))])
      expect(answer.refused).toMatchObject({ kind: 'conflict', slug: 'request-reused' });
    expect((await commit(order.orderId, 'parcel-2', line('NOWHERE', 1))).refused).toMatchObject({ slug: 'not-reserved' });
  });
});

describe('a SKU that can be backordered', () => {
  let products = 0;

  /** Returns a new SKU with this many pieces, of which 5 more can be ordered. */
  async function backorderable(quantity: number): Promise<string> {
    const sku = await app.stocked(quantity);
    const productId = `backorder-${++products}`;
    const variants = [{ sku, price: euros(100), backorder: { kind: 'backorder' as const, limit: 5 } }];
    await app.deliver(ProductUpdated(productId, 1, { productId, name: 'Tea', status: 'published', categoryId: null, variants }));
    return sku;
  }
  const receive = (sku: string, quantity: number) => app.move(sku, { type: 'receive', quantity, reason: 'delivery' });

  test('is sold beyond what is on hand, up to the limit, and never below zero', async () => {
    const sku = await backorderable(3);
    const order = await reserved(line(sku, 6));
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 3, held: 3, backordered: 3, available: 0, availability: 'backorder' });
    expect((await app.reserve(randomUUID(), [line(sku, 3)])).refused).toMatchObject({
      slug: 'out-of-stock',
      extras: { lines: [{ sku, requested: 3, available: 2 }] },
    });
    await app.paid(order);
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 0, held: 0, backordered: 3 });
    expect(await app.eventsOf(3, order.orderId)).toEqual(['inventory.reserved', 'inventory.backordered', 'inventory.committed']);
  });

  test('gives what arrives to paid orders, first come, first served, and nothing to others', async () => {
    const sku = await backorderable(0);
    const first = await reserved(line(sku, 2));
    const second = await reserved(line(sku, 3));
    await app.paid(second);
    await app.paid(first);
    await receive(sku, 3);
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 0, backordered: 2, available: 0 });
    expect(
      (await app.ledgerOf(sku)).data.map(({ quantity, reference }: { quantity: number; reference: string }) => [quantity, reference]),
    ).toEqual([
      [-1, second.orderId],
      [-2, first.orderId],
      [3, null],
    ]);
    await receive(sku, 10);
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 8, backordered: 0, available: 8 });
    expect(await app.eventsOf(4, second.orderId)).toEqual([
      'inventory.reserved',
      'inventory.backordered',
      'inventory.backorder_filled',
      'inventory.backorder_filled',
    ]);
  });

  test('keeps what arrives for an unpaid order that came first', async () => {
    const sku = await backorderable(0);
    const first = await reserved(line(sku, 2));
    const second = await reserved(line(sku, 2));
    await app.paid(second);
    await receive(sku, 2);
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 2, backordered: 4, available: 0 });
    expect((await app.hold('cart-late', sku, 1)).output).toBeDefined();
    expect(await app.stockOf(sku)).toMatchObject({ held: 0 });
    await app.paid(first);
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 0, backordered: 2 });
  });

  test('no longer owes what was cancelled', async () => {
    const sku = await backorderable(1);
    const order = await reserved(line(sku, 4));
    await release(order.orderId, 'cancel-1', line(sku, 2));
    expect(await app.stockOf(sku)).toMatchObject({ held: 1, backordered: 1 });
    await app.paid(order);
    await app.cancelled(order);
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 1, held: 0, backordered: 0 });
  });

  test('is sold to 12 buyers at once up to its limit', async () => {
    const sku = await backorderable(3);
    const answers = await Promise.all(Array.from({ length: 12 }, () => app.reserve(randomUUID(), [line(sku, 1)])));
    expect(answers.filter(({ output }) => output)).toHaveLength(8);
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 3, held: 3, backordered: 5 });
  });
});
