import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDocuments, type Collection, type CollectionOptions, type Documents } from '../src/documents/documents.js';
import { queryOf } from '../src/documents/filter.js';
import { orderOf } from '../src/documents/sorting.js';
import { listOf } from '../src/documents/sqlite/reads.js';
import { namesOf } from '../src/documents/sqlite/tables.js';
import { aProduct, type Product } from './documents-places.js';

const folder = await mkdtemp(join(tmpdir(), 'sidecart-sqlite-'));
afterAll(() => rm(folder, { recursive: true }));

const options: CollectionOptions<Product> = {
  indexes: [
    ['category', 'price'],
    ['category', 'name'],
    ['active', 'price'],
  ],
  arrays: ['tags'],
  text: ({ name }) => ({ name, rest: '' }),
};

let inside: string;
let opened: Documents[];
beforeEach(async () => {
  inside = join(await mkdtemp(join(folder, 'place-')), 'new', 'folder');
  opened = [];
});
afterEach(() => Promise.all(opened.splice(0).map((documents) => documents.close())));

async function open(change: Partial<CollectionOptions<Product>> = {}): Promise<{ documents: Documents; products: Collection<Product> }> {
  const documents = await openDocuments({ url: `file:${inside}` });
  opened.push(documents);
  return { documents, products: await documents.collection<Product>('products', { ...options, ...change }) };
}

async function reopen(change: Partial<CollectionOptions<Product>> = {}): ReturnType<typeof open> {
  await Promise.all(opened.splice(0).map((documents) => documents.close()));
  return open(change);
}

const ids = async (products: Collection<Product>) => (await products.find({ limit: 100 })).items.map(({ _id }) => _id);

describe('documents in a file', () => {
  test('are there after a restart, and so are removals and words', async () => {
    const before = await open();
    const shirt = aProduct({ _id: 'p1', name: 'Odd\u2028line\u2029ends\u0085in\r\n"names"', tags: ['a', 'b'] });
    await before.products.put(shirt);
    await before.products.put(aProduct({ _id: 'p2' }));
    await before.products.remove('p2', 2);
    const { products } = await reopen();
    expect(await products.find({ where: { category: 'shirts', tags: 'b' }, limit: 10 })).toEqual({ items: [shirt] });
    const terms = await products.terms('nanes');
    expect(await products.find({ terms, sort: 'relevance', limit: 10 })).toEqual({ items: [shirt] });
    expect(await products.put(aProduct({ _id: 'p2', version: 1 }))).toBe(false);
  });

  test('are there after the process is killed, if they were acknowledged', async () => {
    const child = fork(new URL('documents-child.js', import.meta.url), [inside]);
    const [acknowledged]: unknown[] = await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { products } = await open();
    expect(await products.count()).toBeGreaterThanOrEqual(Number(acknowledged));
    expect(await products.put(aProduct({ _id: 'new' }))).toBe(true);
  });

  test('are seen by the other processes of the folder', async () => {
    const [one, other] = [await open(), await open()];
    await one.products.put(aProduct({ _id: 'p1' }));
    await other.products.put(aProduct({ _id: 'p2' }));
    expect(await ids(one.products)).toEqual(['p1', 'p2']);
    expect(await other.products.put(aProduct({ _id: 'p1' }))).toBe(false);
  });

  test('are unavailable for writing while another process holds the file, and still readable', async () => {
    const { products } = await open();
    await products.put(aProduct({ _id: 'p1' }));
    const other = new DatabaseSync(join(inside, 'documents.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const refused = { kind: 'unavailable', slug: 'documents-unavailable', extras: { retryAfter: 1 } };
    await expect(products.put(aProduct({ _id: 'p2' }))).rejects.toMatchObject(refused);
    expect(await ids(products)).toEqual(['p1']);
    other.close();
    expect(await products.put(aProduct({ _id: 'p2' }))).toBe(true);
  });

  test('take no more room however often they change', async () => {
    const { products } = await open();
    const size = async () => (await stat(join(inside, 'documents.sqlite'))).size;
    const change = async (from: number) => {
      for (let version = from; version < from + 2_000; version += 1)
        await products.put(aProduct({ _id: 'p1', version, name: `N ${version}` }));
      await reopen();
    };
    await change(0);
    const before = await size();
    const { products: again } = await open();
    for (let version = 2_000; version < 6_000; version += 1) await again.put(aProduct({ _id: 'p1', version, name: `N ${version}` }));
    await reopen();
    expect(await size()).toBeLessThan(before * 2);
  });

  test.each([
    ['of another version', { version: 2 }],
    ['with other indexes', { indexes: [['price']] }],
    ['that is searched', { text: undefined }],
  ] as const)('are gone with all others of the file once they are opened as a collection %s', async (_, change) => {
    const before = await open();
    const complete = await before.documents.collection('complete', { indexes: [] });
    await before.products.put(aProduct({ _id: 'p1' }));
    await complete.put({ _id: 'complete', version: 1 });
    const documents = await openDocuments({ url: `file:${inside}` });
    opened.push(documents);
    const first = await documents.collection('complete', { indexes: [] });
    expect(await first.count()).toBe(1);
    const { text, ...rest } = { ...options, ...change };
    const products = await documents.collection<Product>('products', { ...rest, ...(text && { text }) });
    expect([await products.count(), await first.count()]).toEqual([0, 0]);
    expect(await products.put(aProduct({ _id: 'p1' }))).toBe(true);
    expect(await first.put({ _id: 'complete', version: 1 })).toBe(true);
  });

  test('are gone if the file was written by another version of the adapter', async () => {
    const { products } = await open();
    await products.put(aProduct({ _id: 'p1' }));
    await Promise.all(opened.splice(0).map((documents) => documents.close()));
    const file = new DatabaseSync(join(inside, 'documents.sqlite'));
    file.exec('PRAGMA user_version = 999');
    file.close();
    expect(await ids((await open()).products)).toEqual([]);
  });

  test('are gone if the file is damaged, and the collection works', async () => {
    await open();
    await Promise.all(opened.splice(0).map((documents) => documents.close()));
    await writeFile(join(inside, 'documents.sqlite'), 'This is not a database.'.repeat(1_000));
    const { products } = await open();
    await products.put(aProduct({ _id: 'p1' }));
    expect(await ids(products)).toEqual(['p1']);
  });
});

test('a field of an index holds no object', async () => {
  const { products } = await open();
  const put = products.put({ ...aProduct({ _id: 'p1' }), ...JSON.parse('{"category":{"name":"shirts"}}') });
  await expect(put).rejects.toThrow("The field 'category' is indexed");
  expect(await products.put(aProduct({ _id: 'p1' }))).toBe(true);
});

describe('the plan of a list', () => {
  const shape = { name: 'products', version: 1, indexes: options.indexes, arrays: ['tags'], searchable: true };

  /** Returns what SQLite would do for a list, one step per line. */
  function planOf(where: object, sort: string, cursor?: string): string {
    const { text, params } = listOf(namesOf(shape), { query: queryOf(where) }, orderOf(sort, cursor));
    const db = new DatabaseSync(join(inside, 'documents.sqlite'), { readOnly: true });
    const steps = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...params, 20, 0);
    db.close();
    return steps.map(({ detail }) => detail).join('\n');
  }

  test.each([
    ['a filter and a sort', { category: 'shirts' }, '-price', '(.category=?)'],
    [
      'a filter, a range and a sort',
      { category: 'shirts', price: { $gte: 5, $lt: 9 } },
      'price',
      '(.category=? AND .price>? AND .price<?)',
    ],
    ['a boolean', { active: true }, 'price', '(.active=?)'],
    ['a prefix', { category: 'shirts', name: { $prefix: 'Bl' } }, 'name', '(.category=? AND .name>? AND .name<?)'],
  ])('uses the index for %s, and does not sort', async (_, where, sort, columns) => {
    const { products } = await open();
    await Promise.all(Array.from({ length: 500 }, (__, n) => products.put(aProduct({ _id: `p${n}`, price: n, category: `c${n % 10}` }))));
    const plan = planOf(where, sort);
    expect(plan).toContain(columns);
    expect(plan).not.toMatch(/TEMP B-TREE|SCAN m/);
  });

  test('starts where the cursor points to', async () => {
    const { products } = await open();
    await Promise.all(Array.from({ length: 50 }, (_, n) => products.put(aProduct({ _id: `p${n}` }))));
    const { next } = await products.find({ where: { category: 'shirts' }, sort: 'price', limit: 5 });
    const plan = planOf({ category: 'shirts' }, 'price', next);
    expect(plan).toContain('(.category=? AND (.price,_id)>(?,?))');
    expect(plan).not.toMatch(/TEMP B-TREE|SCAN m/);
  });

  test('finds an element of an array by its index', async () => {
    await open();
    expect(planOf({ tags: 'new' }, '_id')).toContain('(field=? AND value=?)');
  });
});
