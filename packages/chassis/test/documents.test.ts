import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { openDocuments, type Documents, type Filter, type Sort, type Versioned } from '../src/documents/documents.js';
import { aProduct, documentsPlaces, openPlace, openProducts, type Product } from './documents-places.js';

describe.each(await documentsPlaces())('documents on $name', (place) => {
  const { name } = place;
  let documents: Documents;
  beforeAll(async () => {
    documents = await openPlace(place);
  });
  afterAll(() => documents.close());
  const products = (...initial: Product[]) => openProducts(documents, ...initial);

  describe('the version', () => {
    test('gives a document back as it was put', async () => {
      const shirt = aProduct({ _id: 'p1', name: 'Shirt\u2028with\u0085odd "ends"', sizes: [1, 2.5], note: '' });
      const collection = await products();
      expect(await collection.put(shirt)).toBe(true);
      expect(await collection.get('p1')).toEqual(shirt);
      expect(await collection.get('p2')).toBeUndefined();
    });

    test('replaces the whole document by a newer one', async () => {
      const collection = await products(aProduct({ _id: 'p1', note: 'old' }));
      const newer = aProduct({ _id: 'p1', version: 2, price: 5 });
      expect(await collection.put(newer)).toBe(true);
      expect(await collection.get('p1')).toEqual(newer);
    });

    test('ignores an older one and an equal one', async () => {
      const collection = await products(aProduct({ _id: 'p1', version: 3, price: 3 }));
      expect(await collection.put(aProduct({ _id: 'p1', version: 2, price: 2 }))).toBe(false);
      expect(await collection.put(aProduct({ _id: 'p1', version: 3, price: 4 }))).toBe(false);
      expect(await collection.get('p1')).toMatchObject({ version: 3, price: 3 });
    });

    test('keeps a removed document out when an older put comes late', async () => {
      const collection = await products(aProduct({ _id: 'p1', version: 1 }));
      expect(await collection.remove('p1', 3)).toBe(true);
      expect(await collection.remove('p2', 3)).toBe(true);
      expect(await collection.put(aProduct({ _id: 'p1', version: 2 }))).toBe(false);
      expect(await collection.put(aProduct({ _id: 'p2', version: 2 }))).toBe(false);
      expect(await collection.get('p1')).toBeUndefined();
      expect(await collection.find({ limit: 10 })).toEqual({ items: [] });
      expect(await collection.page({ page: 1, limit: 10 })).toEqual({ items: [], total: 0 });
      expect(await collection.count()).toBe(0);
    });

    test('lets a removal win over a put of its own version, whichever comes first', async () => {
      const collection = await products(aProduct({ _id: 'first', version: 2 }));
      expect(await collection.remove('first', 2)).toBe(true);
      await collection.remove('last', 2);
      expect(await collection.put(aProduct({ _id: 'last', version: 2 }))).toBe(false);
      expect(await collection.count()).toBe(0);
    });

    test('ignores an older removal', async () => {
      const collection = await products(aProduct({ _id: 'p1', version: 3 }));
      expect(await collection.remove('p1', 2)).toBe(false);
      expect(await collection.count()).toBe(1);
    });

    test('takes a removed document back in a newer version', async () => {
      const collection = await products(aProduct({ _id: 'p1', version: 1 }));
      await collection.remove('p1', 2);
      expect(await collection.put(aProduct({ _id: 'p1', version: 3 }))).toBe(true);
      expect(await collection.find({ limit: 1 })).toEqual({ items: [aProduct({ _id: 'p1', version: 3 })] });
    });

    test('remembers a removal for a week, and no longer', async () => {
      const collection = await products();
      const day = 24 * 60 * 60 * 1000;
      const clock = jest.spyOn(Date, 'now').mockReturnValue(0);
      await collection.remove('p1', 2);
      clock.mockReturnValue(6 * day);
      await collection.remove('p2', 2);
      const within = await collection.put(aProduct({ _id: 'p1', version: 1 }));
      clock.mockReturnValue(8 * day);
      await collection.remove('p3', 2);
      clock.mockRestore();
      expect(within).toBe(false);
      expect(await collection.put(aProduct({ _id: 'p1', version: 1 }))).toBe(true);
      expect(await collection.put(aProduct({ _id: 'p2', version: 1 }))).toBe(false);
    });

    test('stores the newer of two that are the first of their document and come at once', async () => {
      const collection = await products();
      const ids = Array.from({ length: 50 }, (_, n) => `p${n}`);
      const versions = ids.flatMap((_id, n) => [aProduct({ _id, version: 1 + (n % 2) }), aProduct({ _id, version: 2 - (n % 2) })]);
      await Promise.all(versions.map((product) => collection.put(product)));
      expect((await collection.find({ where: { version: 2 }, limit: 100 })).items).toHaveLength(ids.length);
    });

    if (name === 'FerretDB')
      process.stderr.write('Documents that are put at once are not tested on FerretDB: its updates are not atomic.\n');
    (name === 'FerretDB' ? test.skip : test)('ends with the newest of puts and removals that come at once and in any order', async () => {
      const versions = fc.shuffledSubarray(
        Array.from({ length: 24 }, (_, n) => n),
        { minLength: 1 },
      );
      const collection = await products();
      let run = 0;
      await fc.assert(
        fc.asyncProperty(versions, fc.integer({ min: 1, max: 5 }), async (order, every) => {
          const id = `p${(run += 1)}`;
          const removes = (version: number) => version % 6 >= every;
          await Promise.all(
            order.map((version) => (removes(version) ? collection.remove(id, version) : collection.put(aProduct({ _id: id, version })))),
          );
          const newest = Math.max(...order);
          expect((await collection.get(id))?.version).toBe(removes(newest) ? undefined : newest);
        }),
        { numRuns: 50 },
      );
    });

    test.each([
      { _id: '', version: 1 },
      { _id: 'p1', version: -1 },
      { _id: 'p1', version: 1.5 },
      { _id: 'p1', version: Number.NaN },
    ])('refuses $_id with version $version', async (key) => {
      const collection = await products();
      await expect(collection.put(aProduct(key))).rejects.toThrow(TypeError);
      await expect(collection.remove(key._id, key.version)).rejects.toThrow(TypeError);
    });

    test('has one keeper: a collection is opened once', async () => {
      await documents.collection('twice', { indexes: [] });
      await expect(documents.collection('twice', { indexes: [] })).rejects.toThrow("'twice' is open already");
    });

    test.each(['$set', 'screen.size', '_removed', '_order'])('refuses a field named %s, at any depth', async (field) => {
      const collection = await documents.collection<Versioned & { details: object }>(`details-${randomUUID()}`, { indexes: [] });
      const put = collection.put({ _id: 'p1', version: 1, details: { list: [{ [field]: 1 }] } });
      await expect(put).rejects.toThrow(`cannot be named '${field}'`);
    });
  });

  describe('a list', () => {
    const shelf = Array.from({ length: 25 }, (_, n) => aProduct({ _id: `p${n}`, price: n % 4, category: n % 2 ? 'odd' : 'even' }));

    test('is walked by cursor while documents change, come and go', async () => {
      const collection = await products(...shelf);
      const first = await collection.find({ where: { price: { $lt: 3 } }, sort: '-price', limit: 5 });
      await collection.put(aProduct({ _id: 'aaa', price: 2 }));
      const [gone, cheaper] = [first.items[0]?._id ?? '', first.items[4]?._id ?? ''];
      await collection.remove(gone, 2);
      await collection.put(aProduct({ _id: cheaper, version: 2, price: 9 }));
      const ids = first.items.map(({ _id }) => _id);
      for (let after = first.next; after !== undefined;) {
        const part = await collection.find({ where: { price: { $lt: 3 } }, sort: '-price', limit: 5, after });
        ids.push(...part.items.map(({ _id }) => _id));
        after = part.next;
      }
      const expected = shelf.filter(({ price }) => price < 3).toSorted(by('-price'));
      expect(ids.filter((id) => id !== 'aaa')).toEqual(expected.map(({ _id }) => _id));
    });

    test('ends without a cursor', async () => {
      const collection = await products(...shelf);
      expect(await collection.find({ limit: 25 })).not.toHaveProperty('next');
      expect(await collection.find({ limit: 24 })).toHaveProperty('next', expect.stringMatching(/^[\w-]+$/));
    });

    test('refuses a cursor that it did not give', async () => {
      const collection = await products(...shelf);
      const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const malformed = [
        '',
        'x',
        '%%%',
        cursor('price'),
        cursor(['price', { $gt: 0 }, 'p1']),
        cursor(['price', 1, 'p1', 2]),
        cursor(['price', 1, null]),
      ];
      for (const after of malformed) {
        await expect(collection.find({ sort: 'price', limit: 5, after })).rejects.toMatchObject({ kind: 'invalid', slug: 'cursor' });
      }
      const { next } = await collection.find({ sort: 'price', limit: 5 });
      const other = collection.find({ sort: '-price', limit: 5, after: next });
      await expect(other).rejects.toMatchObject({ kind: 'invalid', message: 'The cursor belongs to a list in another order.' });
    });

    test('comes in numbered pages with the total', async () => {
      const collection = await products(...shelf);
      const sorted = shelf.filter(({ category }) => category === 'odd').toSorted(by('price'));
      const page = (number: number) => collection.page({ where: { category: 'odd' }, sort: 'price', page: number, limit: 5 });
      expect(await page(1)).toEqual({ items: sorted.slice(0, 5), total: 12 });
      expect(await page(3)).toEqual({ items: sorted.slice(10), total: 12 });
      expect(await page(4)).toEqual({ items: [], total: 12 });
    });

    test.each([0, 101, 1.5, Number.NaN])('refuses a limit of %d', async (limit) => {
      const collection = await products();
      await expect(collection.find({ limit })).rejects.toMatchObject({ kind: 'invalid', slug: 'out-of-range' });
      await expect(collection.page({ page: 1, limit })).rejects.toMatchObject({ kind: 'invalid', slug: 'out-of-range' });
    });

    test.each([0, 1001, 1.5])('refuses page %d', async (page) => {
      const collection = await products();
      await expect(collection.page({ page, limit: 10 })).rejects.toMatchObject({ kind: 'invalid', slug: 'out-of-range' });
    });

    test('is empty after everything was cleared, which forgets removals too', async () => {
      const collection = await products(...shelf);
      await collection.remove('p1', 9);
      await collection.clear();
      expect(await collection.count()).toBe(0);
      expect(await collection.put(aProduct({ _id: 'p1', version: 1 }))).toBe(true);
    });
  });

  describe('what is retained', () => {
    test('is what has the value; other documents go, and removals stay', async () => {
      const collection = await products(
        aProduct({ _id: 'p1', note: 'ours' }),
        aProduct({ _id: 'p2', note: 'theirs' }),
        aProduct({ _id: 'p3' }),
        aProduct({ _id: 'p4', note: 'ours' }),
      );
      await collection.remove('p4', 9);
      await collection.retain('note', 'ours');
      expect((await collection.find({ limit: 10 })).items.map(({ _id }) => _id)).toEqual(['p1']);
      expect(await collection.put(aProduct({ _id: 'p2', version: 0 }))).toBe(true);
      expect(await collection.put(aProduct({ _id: 'p4', version: 8, note: 'ours' }))).toBe(false);
    });
  });

  describe('a filter', () => {
    test('takes a prefix as it is, not as an expression', async () => {
      const collection = await products(aProduct({ _id: '1', name: 'A+(b)[c]^$|\\/{2}-. x' }), aProduct({ _id: '2', name: 'AAb' }));
      for (const length of [1, 2, 4, 6, 10, 12, 17, 20]) {
        const where = { name: { $prefix: 'A+(b)[c]^$|\\/{2}-. x'.slice(0, length) } };
        expect(await collection.count(where)).toBe(length === 1 ? 2 : 1);
      }
      expect(await collection.count({ name: { $prefix: '.' } })).toBe(0);
    });

    test.each(['', 'x'.repeat(65), 'a\0', 'a\n', '\ud800'])('refuses the prefix %j', async (prefix) => {
      const collection = await products();
      await expect(collection.count({ name: { $prefix: prefix } })).rejects.toMatchObject({ kind: 'invalid', slug: 'prefix' });
    });

    test('refuses what only one database knows, in types and when it runs', async () => {
      const collection = await products(aProduct({ _id: '1' }));
      const count = async (where: Filter<Product>) => collection.count(where);
      // @ts-expect-error
      await expect(count({ $where: 'true' })).rejects.toThrow("has no '$where'");
      // @ts-expect-error
      await expect(count({ 'details.size': 1 })).rejects.toThrow("has no 'details.size'");
      // @ts-expect-error
      await expect(count({ price: { $ne: 1 } })).rejects.toThrow('A filter compares with');
      // @ts-expect-error
      await expect(count({ price: { $gt: { $ne: 1 } } })).rejects.toThrow('A filter compares with');
      // @ts-expect-error
      await expect(count({ name: /x/ })).rejects.toThrow('A filter compares with');
      // @ts-expect-error
      await expect(count({ name: undefined })).rejects.toThrow('A filter compares with');
      // @ts-expect-error
      await expect(count({ tags: { $in: ['a'], $prefix: 'b' } })).rejects.toThrow('A filter compares with');
      // @ts-expect-error
      await expect(count({ $or: { price: 1 } })).rejects.toThrow();
      await expect(count({ $and: [{ $or: [{ price: {} }] }] })).rejects.toThrow('A filter compares with');
      // @ts-expect-error
      const ranges: Filter<Product> = { tags: { $gt: 'a' } };
      // @ts-expect-error
      const sorts: Sort<Product>[] = ['note', 'tags', 'active', '-'];
      expect([ranges, sorts]).toHaveLength(2);
    });

    test('finds, counts and orders as a plain array does, whatever the documents and the filter', async () => {
      const [shelf = []] = fc.sample(someProducts, 1);
      const collection = await products(...shelf);
      await fc.assert(
        fc.asyncProperty(someFilter, someSort, fc.constantFrom(2, 5, 20), async (where, sort, limit) => {
          const expected = shelf.filter((product) => matches(product, where)).toSorted(by(sort));
          const found: Product[] = [];
          let after: string | undefined;
          do {
            const part = await collection.find({ where, sort, limit, after });
            found.push(...part.items);
            after = part.next;
          } while (after !== undefined);
          expect(found).toEqual(expected);
          expect(await collection.count(where)).toBe(expected.length);
          expect(await collection.page({ where, sort, page: 2, limit })).toEqual({
            items: expected.slice(limit, 2 * limit),
            total: expected.length,
          });
        }),
        { numRuns: name === 'FerretDB' ? 30 : 100 },
      );
    }, 60_000);
  });
});

const letter = fc.constantFrom('a', 'b', 'B', 'é', 'ß', '漢', ' ', '.', '*', '^', '\\', '$', '\u2028');
const text = fc.string({ unit: letter, maxLength: 3 });
const someProducts = fc.uniqueArray(
  fc.record(
    {
      _id: fc.string({ unit: letter, minLength: 1, maxLength: 3 }),
      version: fc.nat(),
      category: fc.constantFrom('a', 'b', 'c'),
      price: fc.oneof(fc.integer({ min: -5, max: 20 }), fc.constantFrom(0.5, 2 ** 40)),
      active: fc.boolean(),
      name: text,
      tags: fc.array(text, { maxLength: 3 }),
      sizes: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
      note: text,
    },
    { requiredKeys: ['_id', 'version', 'category', 'price', 'active', 'name', 'tags', 'sizes'] },
  ),
  { selector: ({ _id }) => _id, minLength: 80, maxLength: 120 },
);

const price = fc.integer({ min: -6, max: 21 });
const prefix = fc.string({ unit: letter.filter((one) => one !== '\u2028'), minLength: 1, maxLength: 2 });
const range = <T>(value: fc.Arbitrary<T>) =>
  fc.record({ $gt: value, $gte: value, $lt: value, $lte: value }, { requiredKeys: [] }).filter((one) => Object.keys(one).length > 0);
const among = <T>(value: fc.Arbitrary<T>) => fc.record({ $in: fc.array(value, { maxLength: 3 }) });
const beginning = fc.record({ $prefix: prefix });
const comparisons: fc.Arbitrary<Filter<Product>>[] = [
  beginning.map((_id) => ({ _id })),
  fc.oneof(fc.constantFrom('a', 'b'), among(fc.constantFrom('a', 'b', 'c', 'd'))).map((category) => ({ category })),
  fc.oneof(price, among(price), range(price)).map((one) => ({ price: one })),
  fc.boolean().map((active) => ({ active })),
  fc.oneof(text, among(text), range(text), beginning).map((name) => ({ name })),
  fc.oneof(text, among(text), beginning).map((tags) => ({ tags })),
  fc.oneof(fc.nat(5), among(fc.nat(5))).map((sizes) => ({ sizes })),
  fc.oneof(text, range(text), beginning).map((note) => ({ note })),
];
const comparison = fc.oneof(...comparisons);
const { filter: someFilter } = fc.letrec<{ filter: Filter<Product> }>((tie) => {
  const several = fc.array(tie('filter'), { maxLength: 3 });
  const combined = fc.oneof(fc.record({ $or: several }), fc.record({ $and: several }), fc.record({ $and: several, $or: several }));
  return {
    filter: fc.oneof(
      { maxDepth: 2, depthIdentifier: 'filter' },
      fc.tuple(comparison, fc.option(comparison, { nil: {} })).map(([one, other]) => ({ ...one, ...other })),
      fc.tuple(fc.option(comparison, { nil: {} }), combined).map(([plain, further]) => ({ ...plain, ...further })),
    ),
  };
});
const someSort = fc.constantFrom<Sort<Product>>('_id', '-_id', 'price', '-price', 'name', '-name', 'category', '-version');

/** What a filter means, said once more in the plainest way. */
function matches(product: Product, filter: object): boolean {
  return Object.entries<unknown>({ ...filter }).every(([field, condition]) => {
    if (field === '$and') return Array.isArray(condition) && condition.every((one: object) => matches(product, one));
    if (field === '$or') return Array.isArray(condition) && condition.some((one: object) => matches(product, one));
    const value: unknown = Reflect.get(product, field);
    return [value].flat().some((one) => compares(one, condition));
  });
}

function compares(value: unknown, condition: unknown): boolean {
  if (typeof condition !== 'object' || condition === null) return value === condition;
  return Object.entries<unknown>({ ...condition }).every(([operator, operand]) => {
    if (operator === '$in') return Array.isArray(operand) && operand.includes(value);
    if (operator === '$prefix') return typeof value === 'string' && value.startsWith(String(operand));
    if (value === undefined) return false;
    const difference = compare(value, operand);
    return { $gt: difference > 0, $gte: difference >= 0, $lt: difference < 0, $lte: difference <= 0 }[operator] ?? false;
  });
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : Number(String(a) > String(b));
}

function by(sort: Sort<Product>): (a: Product, b: Product) => number {
  const field = sort.replace('-', '');
  const direction = sort.startsWith('-') ? -1 : 1;
  return (a, b) => direction * (compare(Reflect.get(a, field), Reflect.get(b, field)) || compare(a._id, b._id));
}

describe('the url of documents', () => {
  test.each([
    '',
    'file:',
    'products',
    'mongodb://localhost',
    'mongodb://localhost/',
    'mongodb://localhost/?ssl=true',
    'postgres://localhost/x',
  ])('cannot be %j', async (url) => {
    await expect(openDocuments({ url })).rejects.toThrow(
      'The url of the documents must be file:<folder>, memory: or mongodb://<hosts>/<database>.',
    );
  });

  test('decides which driver is loaded', async () => {
    const script = `
      const { openDocuments } = await import(${JSON.stringify(new URL('../src/documents/documents.js', import.meta.url).href)});
      const { createRequire } = await import('node:module');
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('node_modules/mongodb'));
      await openDocuments({ url: 'memory:' });
      const before = loaded();
      await openDocuments({ url: 'mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=1' }).catch(() => undefined);
      console.log(before, loaded());`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.trim()).toBe('false true');
  });
});
