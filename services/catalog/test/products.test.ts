import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Quote } from '@sidecart/contracts/catalog';
import { until } from '@sidecart/runner/until';
import { aUser } from '@sidecart/testing/tokens';
import { added, aProduct, category, staff, startCatalog, type Catalog } from './catalog.js';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await startCatalog();
});
afterAll(() => catalog.close());

/** Waits until so many events of this subject are published. */
async function events(id: string, count: number) {
  const of = () => catalog.published.filter(({ subject }) => subject === id).map(({ type, sequence }) => [type, sequence]);
  return until(`${count} events of ${id}`, 5, async () => of().length >= count && of());
}

describe('a product', () => {
  test('is added as a draft, with its fields and an event', async () => {
    const price = { amount: 1999, currency: 'EUR' };
    const { status, body } = await catalog.request('POST', '/api/products', { sku: 'MUG-1', name: ' Mug ', price }, { as: staff });
    expect(status).toBe(201);
    expect(body).toMatchObject({ sku: 'MUG-1', name: 'Mug', price, status: 'draft', description: '', categoryId: null, attributes: [] });
    const shown = await catalog.request('GET', `/api/products/${body.id}`, undefined, { as: staff });
    expect(shown.body).toEqual({ ...body, availability: { status: 'out_of_stock', available: null } });
    expect(await events(body.id, 1)).toEqual([['product.created', 1]]);
  });

  test('is replaced by PUT and changed in part by PATCH', async () => {
    const attributes = [{ name: 'Colour', value: 'blue' }];
    const { id, sku } = await added(catalog, { description: 'Old.', attributes });
    const patched = await catalog.request('PATCH', `/api/products/${id}`, { price: { amount: 1, currency: 'EUR' } }, { as: staff });
    expect(patched.body).toMatchObject({ sku, description: 'Old.', attributes, status: 'published', price: { amount: 1 }, version: 2 });
    const { sku: _, ...rest } = aProduct({ name: 'New', description: '', attributes: [], categoryId: null, status: 'unlisted' });
    const put = await catalog.request('PUT', `/api/products/${id}`, rest, { as: staff });
    expect(put.body).toMatchObject({ ...rest, sku, version: 3 });
    const shown = await catalog.request('GET', `/api/products/${id}`);
    expect(shown.body).toMatchObject(put.body);
    expect(await events(id, 3)).toEqual([
      ['product.created', 1],
      ['product.updated', 2],
      ['product.updated', 3],
    ]);
  });

  test('is gone for everyone once it is deleted, and keeps its SKU', async () => {
    const { id, sku } = await added(catalog);
    expect(await catalog.request('DELETE', `/api/products/${id}`, undefined, { as: staff })).toMatchObject({ status: 204 });
    for (const method of ['GET', 'DELETE'])
      expect(await catalog.request(method, `/api/products/${id}`, undefined, { as: staff })).toMatchObject({ status: 404 });
    expect(await catalog.request('PATCH', `/api/products/${id}`, { name: 'X' }, { as: staff })).toMatchObject({ status: 404 });
    const again = await catalog.request('POST', '/api/products', aProduct({ sku }), { as: staff });
    expect(again).toMatchObject({ status: 409, body: { type: 'https://sidecart.dev/problems/sku-taken' } });
    expect(await events(id, 2)).toEqual([
      ['product.created', 1],
      ['product.deleted', 2],
    ]);
  });

  test('that is a draft is shown to staff alone, one that is unlisted to whoever knows it', async () => {
    const draft = await added(catalog, { status: 'draft' });
    const unlisted = await added(catalog, { status: 'unlisted' });
    const status = async (id: string, as = aUser()) => (await catalog.request('GET', `/api/products/${id}`, undefined, { as })).status;
    expect(await status(draft.id)).toBe(404);
    expect(await status(draft.id, aUser({ role: 'staff', permissions: ['orders'] }))).toBe(404);
    expect(await status(draft.id, staff)).toBe(200);
    expect(await status(draft.id, aUser({ role: 'admin' }))).toBe(200);
    expect(await status(unlisted.id)).toBe(200);
  });

  test('has a SKU of its own, however many ask for it at once', async () => {
    const bodies = Array.from({ length: 20 }, () => aProduct({ sku: 'ONLY-ONE' }));
    const answers = await Promise.all(bodies.map((body) => catalog.request('POST', '/api/products', body, { as: staff })));
    const made = answers.filter(({ status }) => status === 201);
    const taken = answers.filter(({ status }) => status === 409);
    expect([made.length, taken.length]).toEqual([1, 19]);
    const { body } = await catalog.request('GET', '/api/products/search?q=only-one');
    expect(body.data).toHaveLength(1);
  });

  test.each([
    ['an unknown field', { colour: 'blue' }, 'colour'],
    ['another currency', { price: { amount: 1, currency: 'USD' } }, 'price.currency'],
    ['half a cent', { price: { amount: 0.5, currency: 'EUR' } }, 'price.amount'],
    ['a negative price', { price: { amount: -1, currency: 'EUR' } }, 'price.amount'],
    ['an odd SKU', { sku: 'a b' }, 'sku'],
    ['no name', { name: ' ' }, 'name'],
    ['a name without end', { name: 'x'.repeat(201) }, 'name'],
    ['a description without end', { description: 'x'.repeat(5_001) }, 'description'],
    ['too many attributes', { attributes: Array.from({ length: 31 }, () => ({ name: 'a', value: 'b' })) }, 'attributes'],
    ['a category that is not there', { categoryId: 'nowhere' }, 'categoryId'],
    ['an unknown status', { status: 'sold' }, 'status'],
  ])('is refused with %s', async (_, fields, field) => {
    const { status, body } = await catalog.request('POST', '/api/products', aProduct(fields), { as: staff });
    expect(status).toBe(400);
    expect(body.errors).toEqual([expect.objectContaining({ field })]);
  });

  test('keeps its SKU', async () => {
    const { id } = await added(catalog);
    const answer = await catalog.request('PATCH', `/api/products/${id}`, { sku: 'OTHER' }, { as: staff });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'sku' }] } });
  });

  test.each([
    ['a customer', aUser(), 403],
    ['staff of something else', aUser({ role: 'staff', permissions: ['inventory', 'orders'] }), 403],
    ['nobody', undefined, 401],
  ])('cannot be written by %s', async (_, as, expected) => {
    const { id } = await added(catalog);
    const ask = as ? { as } : {};
    const statuses = [
      await catalog.request('POST', '/api/products', aProduct(), ask),
      await catalog.request('PUT', `/api/products/${id}`, aProduct(), ask),
      await catalog.request('PATCH', `/api/products/${id}`, { name: 'X' }, ask),
      await catalog.request('DELETE', `/api/products/${id}`, undefined, ask),
      await catalog.request('POST', '/api/categories', { name: 'X', slug: 'x' }, ask),
      await catalog.request('PUT', '/api/categories/x', { name: 'X', slug: 'x' }, ask),
      await catalog.request('DELETE', '/api/categories/x', undefined, ask),
    ].map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([expected]));
  });
});

describe('the stock of a product', () => {
  test('is what inventory says now', async () => {
    const { id, sku } = await added(catalog);
    catalog.stock.set(sku, { available: 3, availability: 'low_stock' });
    const { body } = await catalog.request('GET', `/api/products/${id}`);
    expect(body.availability).toEqual({ status: 'low_stock', available: 3 });
  });

  test('is what was known last where inventory does not answer in time', async () => {
    const { id, sku } = await added(catalog);
    catalog.stock.set(sku, 'never');
    const data = { sku, productId: id, availability: 'in_stock' };
    await catalog.deliver({ type: 'inventory.availability_changed', version: 1, subject: sku, sequence: 4, data });
    const { body } = await catalog.request('GET', `/api/products/${id}`);
    expect(body.availability).toEqual({ status: 'in_stock', available: null });
  });
});

describe('a quote', () => {
  const quote = async (sku: string) => catalog.call(Quote, { sku });
  const refused = { refused: { kind: 'missing', slug: 'not-for-sale' } };

  test('names the price now', async () => {
    const { id, sku } = await added(catalog, { name: 'Pot', price: { amount: 2500, currency: 'EUR' } });
    const output = { productId: id, sku, name: 'Pot', price: { amount: 2500, currency: 'EUR' }, image: null };
    expect(await quote(sku)).toEqual({ output });
    await catalog.request('PATCH', `/api/products/${id}`, { price: { amount: 2000, currency: 'EUR' }, status: 'unlisted' }, { as: staff });
    expect(await quote(sku)).toMatchObject({ output: { price: { amount: 2000 } } });
  });

  test('is refused for what is not sold', async () => {
    const draft = await added(catalog, { status: 'draft' });
    const gone = await added(catalog);
    await catalog.request('DELETE', `/api/products/${gone.id}`, undefined, { as: staff });
    for (const sku of [draft.sku, gone.sku, 'nothing']) expect(await quote(sku)).toMatchObject(refused);
  });
});

describe('categories', () => {
  test('are shown as trees, and one by its id or slug with what is above and below it', async () => {
    const drinks = await category(catalog, 'drinks');
    const tea = await category(catalog, 'tea', drinks);
    const green = await category(catalog, 'green-tea', tea);
    const { body } = await catalog.request('GET', '/api/categories');
    const node = (id: string, slug: string, parentId: string | null, ...children: unknown[]) => ({
      id,
      name: slug,
      slug,
      parentId,
      children,
    });
    expect(body.data).toEqual([node(drinks, 'drinks', null, node(tea, 'tea', drinks, node(green, 'green-tea', tea)))]);
    for (const name of [tea, 'tea']) {
      const one = await catalog.request('GET', `/api/categories/${name}`);
      expect(one.body).toEqual({
        ...node(tea, 'tea', drinks, node(green, 'green-tea', tea)),
        ancestors: [expect.objectContaining({ id: drinks })],
      });
    }
    expect(await catalog.request('GET', '/api/categories/coffee')).toMatchObject({ status: 404 });
    expect(await events(tea, 1)).toEqual([['category.created', 2]]);
  });

  test('can be renamed and moved, but not into themselves', async () => {
    const [top, low] = [await category(catalog, 'top'), await category(catalog, 'low')];
    const put = (id: string, slug: string, parentId: string | null) =>
      catalog.request('PUT', `/api/categories/${id}`, { name: slug, slug, parentId }, { as: staff });
    expect(await put(low, 'lower', top)).toMatchObject({ status: 200, body: { slug: 'lower', parentId: top } });
    expect(await put(top, 'top', low)).toMatchObject({ status: 409, body: { type: 'https://sidecart.dev/problems/category-cycle' } });
    expect(await put('nowhere', 'x', null)).toMatchObject({ status: 404 });
    expect(await put(top, 'lower', null)).toMatchObject({ status: 409 });
    expect(await put(top, 'Not a slug', null)).toMatchObject({ status: 400, body: { errors: [{ field: 'slug' }] } });
  });

  test('can be deleted once their products are elsewhere', async () => {
    const [here, there] = [await category(catalog, 'here'), await category(catalog, 'there')];
    const { id } = await added(catalog, { categoryId: here });
    const drop = async (of: string) => (await catalog.request('DELETE', `/api/categories/${of}`, undefined, { as: staff })).status;
    expect(await drop(here)).toBe(409);
    await catalog.request('PATCH', `/api/products/${id}`, { categoryId: there }, { as: staff });
    expect([await drop(here), await drop(here), await drop(there)]).toEqual([204, 404, 409]);
    const late = await catalog.request('PATCH', `/api/products/${id}`, { categoryId: here }, { as: staff });
    expect(late).toMatchObject({ status: 400, body: { errors: [{ field: 'categoryId' }] } });
    await catalog.request('DELETE', `/api/products/${id}`, undefined, { as: staff });
    expect(await drop(there)).toBe(204);
  });
});

test('no product is filed in a category that is deleted meanwhile', async () => {
  for (let round = 0; round < 5; round += 1) {
    const id = await category(catalog, `round-${round}`);
    const create = () => catalog.request('POST', '/api/products', aProduct({ categoryId: id }), { as: staff });
    const before = Array.from({ length: round }, create);
    const deleted = catalog.request('DELETE', `/api/categories/${id}`, undefined, { as: staff });
    const products = await Promise.all([...before, ...Array.from({ length: 4 - round }, create)]);
    const filed = products.filter(({ status }) => status === 201).length;
    expect(filed > 0 ? 409 : 204).toBe((await deleted).status);
  }
});

test('the API describes itself', async () => {
  const { status, body } = await catalog.request('GET', '/openapi.json');
  expect(status).toBe(200);
  expect(Object.keys(body.paths)).toEqual([
    '/api/products',
    '/api/products/search',
    '/api/products/{id}',
    '/api/categories',
    '/api/categories/{id}',
  ]);
});
