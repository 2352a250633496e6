import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { remove } from '@sidecart/chassis/state';
import { ProductCreated, ProductUpdated, type Backorder } from '@sidecart/contracts/catalog';
import { euros } from '@sidecart/testing/builders';
import { stockKey } from '../../src/stock/store.js';
import { STAFF, startInventory, type InventoryApp } from '../inventory.js';

let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory({ LOW_STOCK_THRESHOLD: '5' });
}, 60_000);

afterAll(() => app?.close());

const aProduct = (productId: string, skus: string[], backorder: Backorder | null = null) => ({
  productId,
  name: 'Tea',
  status: 'published' as const,
  categoryId: null,
  variants: skus.map((sku) => ({ sku, price: euros(100), backorder })),
});
const created = (sku: string, productId: string) => ProductCreated(productId, 1, aProduct(productId, [sku]));
const unknown = () => `S-${randomUUID()}`;
/** Loses the record of a SKU, as a mistake at the database would. */
const lose = (sku: string) => app.store.transact([stockKey(sku)], () => ({ write: [remove(stockKey(sku))], result: undefined }));

describe('product.created', () => {
  test('adds an empty stock record; a repeat changes nothing', async () => {
    const sku = unknown();
    expect(await app.deliver(created(sku, 'p7'))).toBe('SUCCESS');
    await app.move(sku, { type: 'receive', quantity: 3, reason: 'delivery' });
    expect(await app.deliver(created(sku, 'p7'))).toBe('SUCCESS');
    expect(await app.stockOf(sku)).toMatchObject({ sku, productId: 'p7', name: 'Tea', onHand: 3, threshold: 5 });
    expect(await app.eventsOf(4, sku)).toEqual([
      'inventory.availability_changed',
      'inventory.adjusted',
      'inventory.availability_changed',
      'inventory.back_in_stock',
    ]);
  });

  test('adds a record for each variant', async () => {
    const skus = Array.from({ length: 100 }, unknown);
    expect(await app.deliver(ProductCreated('p-many', 1, aProduct('p-many', skus)))).toBe('SUCCESS');
    const stocks = await Promise.all(skus.map((sku) => app.stockOf(sku)));
    expect(stocks.map(({ productId }) => productId)).toEqual(skus.map(() => 'p-many'));
  });

  test('for another product of a SKU hands the stock over, and publishes its availability', async () => {
    const sku = await app.stocked(10);
    expect(await app.deliver(created(sku, 'p8'))).toBe('SUCCESS');
    expect(await app.stockOf(sku)).toMatchObject({ productId: 'p8', onHand: 10 });
    await app.eventsOf(4, sku);
    expect(app.published.findLast(({ subject }) => subject === sku)?.data).toEqual({
      sku,
      productId: 'p8',
      availability: 'in_stock',
      quantity: 10,
    });
  });

  test('is dropped if it is malformed', async () => {
    expect(await app.deliver({ ...created('TEA', 'p9'), data: { sku: 'TEA' } })).toBe('DROP');
  });
});

describe('product.updated', () => {
  test('sets the backorder setting, and an older event does not set it back', async () => {
    const sku = unknown();
    const setting = { kind: 'preorder', limit: 4 } as const;
    await app.deliver(ProductUpdated('p1', 3, aProduct('p1', [sku], setting)));
    await app.deliver(ProductUpdated('p1', 2, aProduct('p1', [sku])));
    await app.deliver(created(sku, 'p1'));
    expect(await app.stockOf(sku)).toMatchObject({ backorder: setting, availability: 'preorder', onHand: 0 });
  });
});

describe('a lost record', () => {
  test('is rebuilt from its ledger by the next event of its product', async () => {
    const sku = unknown();
    await app.deliver(created(sku, 'p1'));
    await app.move(sku, { type: 'receive', quantity: 130, reason: 'delivery' });
    // More entries than a chunk of the ledger has.
    await Promise.all(Array.from({ length: 60 }, () => app.move(sku, { type: 'ship', quantity: 2, reason: 'sample' })));
    await lose(sku);
    expect((await app.request('GET', `/api/inventories/${sku}`, undefined, { as: STAFF })).status).toBe(404);
    await app.deliver(ProductUpdated('p1', 2, aProduct('p1', [sku])));
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 10, productId: 'p1' });
    const { body } = await app.move(sku, { type: 'count', counted: 9, reason: 'looked' });
    expect(body.movements).toEqual([expect.objectContaining({ seq: 62, before: 10, after: 9 })]);
  });

  test('is rebuilt by staff', async () => {
    const sku = await app.stocked(7);
    await lose(sku);
    const { status, body } = await app.request('POST', '/api/inventories', { sku, productId: 'p1' }, { as: STAFF });
    expect({ status, onHand: body.onHand }).toEqual({ status: 201, onHand: 7 });
  });
});
