import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until as happens } from '@sidecart/runner/until';
import { beforePut } from '@sidecart/testing/documents';
import { AvailabilityChanged } from '@sidecart/contracts/inventory';
import { createTestLogger } from '@sidecart/testing/logger';
import { createStockIndex } from '../../src/list/stock-index.js';
import { openStocks } from '../../src/stock/store.js';
import { line } from '../builders.js';
import { orderOf, STAFF, startInventory, type InventoryApp } from '../inventory.js';

let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory();
}, 60_000);

afterAll(() => app?.close());

const list = async (query: string) => (await app.request('GET', `/api/inventories?${query}`, undefined, { as: STAFF })).body;
const skusOf = async (query: string): Promise<string[]> => (await list(query)).data.map(({ sku }: { sku: string }) => sku);

/** Returns SKUs that begin alike, with this many pieces each. */
async function stockedAlike(prefix: string, ...quantities: number[]): Promise<void> {
  for (const [i, quantity] of quantities.entries()) {
    await app.request('POST', '/api/inventories', { sku: `${prefix}-${i}`, productId: 'p1' }, { as: STAFF });
    if (quantity > 0) await app.move(`${prefix}-${i}`, { type: 'receive', quantity, reason: 'delivery' });
  }
}

describe('the list of stock', () => {
  test('is filtered by level and by the beginning of the SKU, sorted by SKU', async () => {
    const prefix = `L${randomUUID().slice(0, 8)}`;
    await stockedAlike(prefix, 20, 3, 0, 5, 0);
    expect(await skusOf(`sku=${prefix}`)).toEqual([0, 1, 2, 3, 4].map((n) => `${prefix}-${n}`));
    expect(await skusOf(`sku=${prefix}&level=low`)).toEqual([`${prefix}-1`, `${prefix}-3`]);
    expect(await skusOf(`sku=${prefix}&level=out`)).toEqual([`${prefix}-2`, `${prefix}-4`]);
    expect(await skusOf(`sku=${prefix}&level=ok`)).toEqual([`${prefix}-0`]);
  });

  test('has pages', async () => {
    const prefix = `P${randomUUID().slice(0, 8)}`;
    await stockedAlike(prefix, 1, 1, 1);
    const first = await list(`sku=${prefix}&limit=2`);
    expect(first.data).toHaveLength(2);
    expect(await list(`sku=${prefix}&limit=2&cursor=${first.next}`)).toEqual({
      data: [expect.objectContaining({ sku: `${prefix}-2` })],
      next: null,
    });
  });

  test('is filtered by location, and shows what is held now', async () => {
    const [id, sku] = [`w-${randomUUID().slice(0, 8)}`, await app.stocked(5)];
    await app.request('POST', '/api/inventories/locations', { id, name: 'W' }, { as: STAFF });
    expect(await skusOf(`location=${id}`)).toEqual([]);
    await app.move(sku, { type: 'transfer', quantity: 2, from: 'default', to: id, reason: 'closer' });
    await app.hold('cart-list', sku, 4);
    expect((await list(`location=${id}`)).data).toEqual([expect.objectContaining({ sku, onHand: 5, held: 4, available: 1 })]);
  });

  test('follows what orders do, by events', async () => {
    const sku = await app.stocked(4);
    const order = orderOf(randomUUID(), line(sku, 4));
    await app.reserve(order.orderId, [line(sku, 4)]);
    await app.paid(order);
    const event = await happens('the event', 10, async () =>
      app.published.find(
        ({ type, subject, data }) =>
          type === AvailabilityChanged.type && subject === sku && JSON.stringify(data).includes('out_of_stock') && data,
      ),
    );
    expect(await skusOf(`sku=${sku}&level=out`)).toEqual([]);
    expect(await app.deliver(event)).toBe('SUCCESS');
    expect(await skusOf(`sku=${sku}&level=out`)).toEqual([sku]);
  });

  test('is built anew from state, and again if that was interrupted', async () => {
    const sku = await app.stocked(2);
    let left = 3;
    const failing = beforePut(app.documents, async () => {
      if (left-- === 0) throw new Error('documents are away');
    });
    const stocks = openStocks(app.store);
    const options = { store: app.store, stocks, stateId: 'another state', logger: createTestLogger('inventory') };
    await expect((await createStockIndex({ ...options, documents: failing })).ensure()).rejects.toThrow('away');
    const index = await createStockIndex({ ...options, documents: app.documents });
    await index.ensure();
    expect((await index.list({ sku, limit: 10 })).items).toEqual([expect.objectContaining({ sku })]);
  });

  test.each([
    ['an unknown level', 'level=some', 'level'],
    ['a malformed location', 'location=X', 'location'],
    ['a malformed SKU', 'sku=a|b', 'sku'],
    ['a limit of 0', 'limit=0', 'limit'],
    ['an unknown filter', 'page=2', 'page'],
  ])('refuses %s with the name of the field', async (_name, query, field) => {
    const answer = await app.request('GET', `/api/inventories?${query}`, undefined, { as: STAFF });
    expect(answer).toMatchObject({ status: 400, body: { errors: [expect.objectContaining({ field })] } });
  });

  test('refuses a malformed cursor', async () => {
    expect((await app.request('GET', '/api/inventories?cursor=x', undefined, { as: STAFF })).status).toBe(400);
  });
});
