import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDocuments, type Collection, type CollectionOptions, type Documents, type Versioned } from '@sidecart/chassis/documents';
import { createLogger } from '@sidecart/chassis/logger';
import type { Envelope } from '@sidecart/contracts/event';
import { until } from '@sidecart/runner/until';
import { beforePut, sharedDocuments } from '@sidecart/testing/documents';
import { aUser } from '@sidecart/testing/tokens';
import { openCategories } from '../../src/categories/store.js';
import { openProducts } from '../../src/products/store.js';
import { createSearchIndex } from '../../src/search/search-index.js';
import { readStateId } from '../../src/search/store.js';
import { added, category, staff, startCatalog, type Catalog } from '../catalog.js';

interface Fallible extends Documents {
  /** Whether every write fails. */
  broken: boolean;
  /** Runs once, before the next write to this collection. */
  before: { put: string; run: () => Promise<unknown> } | undefined;
  sizes(): Promise<Record<string, number>>;
}

async function fallible(): Promise<Fallible> {
  const shared = await sharedDocuments();
  const opened = new Map<string, () => Promise<number>>();
  async function check(name: string) {
    if (documents.broken) throw new Error('the database is away');
    const due = documents.before;
    if (due?.put !== name) return;
    documents.before = undefined;
    await due.run();
  }
  const documents: Fallible = {
    ...shared,
    broken: false,
    before: undefined,
    sizes: async () => Object.fromEntries(await Promise.all([...opened].map(async ([name, count]) => [name, await count()] as const))),
    async collection<T extends Versioned>(name: string, options: CollectionOptions<T>) {
      const all: Collection<T> = await shared.collection<T>(name, options);
      opened.set(name, () => all.count());
      const put: typeof all.put = async (document) => (await check(name), all.put(document));
      const remove: typeof all.remove = async (id, version) => (await check(name), all.remove(id, version));
      return { ...all, put, remove };
    },
  };
  return documents;
}

/** The same database for a replica that is killed at its first write. */
const killed = (documents: Documents) => beforePut(documents, () => Promise.reject(new Error('killed')));

let documents: Fallible;
let catalog: Catalog;
beforeEach(async () => {
  documents = await fallible();
  catalog = await startCatalog({ documents });
});
afterEach(() => catalog.close());

const get = async (path: string) => (await catalog.request('GET', path)).body;
const availabilities = async () =>
  (await get('/api/products')).data.map(({ availability }: { availability: { status: string } }) => availability.status);

const event = (type: string, subject: string) =>
  until(`${type} of ${subject}`, 5, async () => catalog.published.find((each: Envelope) => each.type === type && each.subject === subject));

describe('a write while the index is away', () => {
  test('succeeds, and is in lists once its event arrives', async () => {
    documents.broken = true;
    const { id } = await added(catalog, { name: 'Late' });
    documents.broken = false;
    expect((await get('/api/products')).data).toEqual([]);
    expect(await get(`/api/products/${id}`)).toMatchObject({ name: 'Late' });
    expect(await catalog.deliver(await event('product.created', id))).toBe('SUCCESS');
    expect((await get('/api/products')).data).toEqual([expect.objectContaining({ id })]);
  });

  test('succeeds for deletions and for categories too', async () => {
    const top = await category(catalog, 'top');
    const { id } = await added(catalog, { categoryId: top });
    documents.broken = true;
    expect(await catalog.request('DELETE', `/api/products/${id}`, undefined, { as: staff })).toMatchObject({ status: 204 });
    const late = await category(catalog, 'late');
    documents.broken = false;
    await catalog.deliver(await event('product.deleted', id));
    await catalog.deliver(await event('category.created', late));
    const filed = await added(catalog, { categoryId: late });
    expect((await get('/api/products?category=late')).data).toEqual([expect.objectContaining({ id: filed.id })]);
    expect((await get('/api/products')).data).toHaveLength(1);
  });

  test('is retried with its event as long as the index is away', async () => {
    const { id } = await added(catalog);
    documents.broken = true;
    expect(await catalog.deliver(await event('product.created', id))).toBe('RETRY');
  });
});

describe('the rebuilt index', () => {
  const LISTS = ['?sort=newest', '?sort=name', '?sort=-price', '?category=top', '?limit=2', '/search?q=a'];
  const lists = () => Promise.all(LISTS.map((query) => get(`/api/products${query}`)));

  async function fill() {
    const top = await category(catalog, 'top');
    const low = await category(catalog, 'low', top);
    const shelf = await Promise.all(
      ['Apple', 'Avocado', 'Banana', 'Ant'].map((name, n) => added(catalog, { name, categoryId: n > 1 ? low : null })),
    );
    const { id = '', sku = '' } = shelf[0] ?? {};
    await catalog.deliver({
      type: 'inventory.availability_changed',
      version: 2,
      subject: sku,
      sequence: 1,
      data: { sku, productId: id, availability: 'in_stock', quantity: 20 },
    });
    await catalog.request('DELETE', `/api/products/${shelf[3]?.id}`, undefined, { as: staff });
  }

  test('gives the same lists', async () => {
    await fill();
    const before = await lists();
    expect(before[0].data).toHaveLength(3);
    expect(await catalog.inside('/internal/reindex', {})).toMatchObject({ status: 200, body: { products: 3 } });
    expect(await lists()).toEqual(before);
  });

  test('has what was missed before', async () => {
    documents.broken = true;
    await fill();
    documents.broken = false;
    expect((await lists())[0].data).toHaveLength(0);
    await catalog.inside('/internal/reindex', {});
    expect((await lists()).map(({ data }) => data.length)).toEqual([3, 3, 3, 1, 2, 2]);
  });

  test('is built at the start if there is none', async () => {
    await fill();
    const empty = await fallible();
    await catalog.restart(empty);
    expect(await empty.sizes()).toEqual({ products: 3, categories: 1, complete: 1 });
  });

  test('is built at the start if it is that of another state, and only then', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sidecart-catalog-'));
    const open = () => openDocuments({ url: `file:${folder}` });
    const other = await startCatalog({ documents: await open() });
    await added(other, { name: 'Ghost' });
    await other.close();

    await added(catalog, { name: 'Real' });
    for (const rebuilt of [true, false]) {
      const before = catalog.asked.state;
      await (await catalog.restart(await open())).close?.();
      expect(catalog.asked.state > before).toBe(rebuilt);
    }
    const again = await catalog.replica(await open());
    expect(await (await again.get('/api/products')).json()).toMatchObject({ data: [{ name: 'Real' }] });
    await again.close();
    await rm(folder, { recursive: true });
  });

  describe('of two replicas that start at once on an empty database', () => {
    let shared: Fallible;
    beforeEach(async () => {
      await fill();
      shared = await fallible();
    });
    const indexed = async () => (await shared.sizes())['products'];

    test('is complete, even if the second starts when the first is nearly done', async () => {
      shared.before = { put: 'categories', run: () => catalog.restart(shared) };
      await catalog.restart(shared);
      expect(await indexed()).toBe(3);
    });

    test('is complete, even if the second is killed when it has begun', async () => {
      shared.before = { put: 'categories', run: () => catalog.restart(killed(shared)).catch(() => undefined) };
      await catalog.restart(shared);
      expect(shared.before).toBeUndefined();
      expect(await indexed()).toBe(3);
    });

    test('is complete after the next start, even if both are killed and a third changes a category meanwhile', async () => {
      await expect(catalog.restart(killed(shared))).rejects.toThrow('killed');
      const third = await createSearchIndex({
        documents: shared,
        products: openProducts(catalog.store),
        categories: openCategories(catalog.store),
        stateId: await readStateId(catalog.store),
        logger: createLogger('catalog'),
      });
      await third.refreshTree();
      await catalog.restart(shared);
      expect(await indexed()).toBe(3);
    });
  });

  test('has more products than one page of the state', async () => {
    await Promise.all(Array.from({ length: 120 }, () => added(catalog)));
    expect((await catalog.inside('/internal/reindex', {})).body).toEqual({ products: 120 });
  });

  test('cannot be requested from outside', async () => {
    expect(await catalog.request('POST', '/internal/reindex', {}, { as: aUser({ role: 'admin' }) })).toMatchObject({ status: 404 });
  });
});

describe('inventory.availability_changed', () => {
  let product: { id: string; sku: string };
  const changed = (availability: string, sequence: number, productId = product.id) =>
    catalog.deliver({
      type: 'inventory.availability_changed',
      version: 2,
      subject: product.sku,
      sequence,
      data: { sku: product.sku, productId, availability, quantity: 5 },
    });
  beforeEach(async () => {
    product = await added(catalog);
  });

  test('changes the availability in lists', async () => {
    expect(await availabilities()).toEqual(['out_of_stock']);
    expect(await changed('in_stock', 3)).toBe('SUCCESS');
    expect(await availabilities()).toEqual(['in_stock']);
  });

  test('changes nothing if it is delivered again', async () => {
    await changed('in_stock', 3);
    expect(await changed('in_stock', 3)).toBe('SUCCESS');
    expect(await availabilities()).toEqual(['in_stock']);
  });

  test('changes nothing if a newer one was delivered before', async () => {
    await changed('low_stock', 5);
    expect(await changed('in_stock', 4)).toBe('SUCCESS');
    expect(await availabilities()).toEqual(['low_stock']);
    expect(await get(`/api/products/${product.id}`)).toMatchObject({ availability: { status: 'low_stock' } });
  });

  test('survives a change of the product, and the change survives it', async () => {
    await changed('in_stock', 2);
    await catalog.request('PATCH', `/api/products/${product.id}`, { name: 'Renamed' }, { as: staff });
    expect((await get('/api/products')).data).toEqual([expect.objectContaining({ name: 'Renamed', availability: { status: 'in_stock' } })]);
    await changed('low_stock', 3);
    expect((await get('/api/products')).data).toEqual([
      expect.objectContaining({ name: 'Renamed', availability: { status: 'low_stock' } }),
    ]);
  });

  test('of another SKU with the same product changes nothing, whatever its sequence', async () => {
    const other = (availability: string, sequence: number) =>
      catalog.deliver({
        type: 'inventory.availability_changed',
        version: 2,
        subject: 'ANOTHER',
        sequence,
        data: { sku: 'ANOTHER', productId: product.id, availability, quantity: 5 },
      });
    expect(await other('in_stock', 9)).toBe('SUCCESS');
    expect(await availabilities()).toEqual(['out_of_stock']);
    expect(await changed('low_stock', 2)).toBe('SUCCESS');
    expect(await availabilities()).toEqual(['low_stock']);
    expect(await get(`/api/products/${product.id}`)).toMatchObject({ availability: { status: 'low_stock' } });
    await other('out_of_stock', 10);
    expect(await availabilities()).toEqual(['low_stock']);
  });

  test('replaces what version 0.1 has kept by product', async () => {
    const old = { key: `availability|${product.id}`, value: { availability: 'in_stock', sequence: 7 }, ttlSeconds: undefined };
    await catalog.store.transact([], () => ({ write: [old], result: undefined }));
    await catalog.inside('/internal/reindex', {});
    expect(await availabilities()).toEqual(['in_stock']);
    expect(await changed('low_stock', 8)).toBe('SUCCESS');
    expect(await availabilities()).toEqual(['low_stock']);
  });

  test('is dropped if it is malformed', async () => {
    expect(await changed('plenty', 9)).toBe('DROP');
    expect(await availabilities()).toEqual(['out_of_stock']);
  });

  test('does not bring back a deleted product', async () => {
    await catalog.request('DELETE', `/api/products/${product.id}`, undefined, { as: staff });
    expect(await changed('in_stock', 9)).toBe('SUCCESS');
    expect(await availabilities()).toEqual([]);
  });

  test('is saved if the product is unknown yet', async () => {
    expect(await changed('in_stock', 1, 'unknown')).toBe('SUCCESS');
    expect(await availabilities()).toEqual(['out_of_stock']);
    expect(await catalog.store.read(`sku-availability|${product.sku}`)).toEqual({ availability: 'in_stock', sequence: 1 });
  });

  test('is retried while the index is away, even though the state has it', async () => {
    documents.broken = true;
    expect(await changed('in_stock', 1)).toBe('RETRY');
    documents.broken = false;
    expect(await changed('in_stock', 1)).toBe('SUCCESS');
    expect(await availabilities()).toEqual(['in_stock']);
  });
});
