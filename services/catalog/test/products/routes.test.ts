import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Quote } from '@sidecart/contracts/catalog';
import { euros } from '@sidecart/testing/builders';
import { problem } from '@sidecart/testing/problem';
import { aUser } from '@sidecart/testing/tokens';
import { added, aProductBody, eventsOf, staff, startCatalog, type Catalog } from '../catalog.js';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await startCatalog();
});
afterAll(() => catalog.close());

describe('a product', () => {
  test('is added as a draft, with its fields and an event', async () => {
    const price = euros(1999);
    const { status, body } = await catalog.request('POST', '/api/products', { sku: 'MUG-1', name: ' Mug ', price }, { as: staff });
    expect(status).toBe(201);
    expect(body).toMatchObject({ sku: 'MUG-1', name: 'Mug', price, status: 'draft', description: '', categoryId: null, attributes: [] });
    const shown = await catalog.request('GET', `/api/products/${body.id}`, undefined, { as: staff });
    expect(shown.body).toEqual({ ...body, availability: { status: 'out_of_stock', available: null } });
    expect(await eventsOf(catalog, body.id, 1)).toEqual([['product.created', 1]]);
  });

  test('is replaced by PUT and changed in part by PATCH', async () => {
    const attributes = [{ name: 'Colour', value: 'blue' }];
    const { id, sku } = await added(catalog, { description: 'Old.', attributes });
    const patched = await catalog.request('PATCH', `/api/products/${id}`, { price: euros(1) }, { as: staff });
    expect(patched.body).toMatchObject({ sku, description: 'Old.', attributes, status: 'published', price: { amount: 1 }, version: 2 });
    const { sku: _, ...rest } = aProductBody({ name: 'New', description: '', attributes: [], categoryId: null, status: 'unlisted' });
    const put = await catalog.request('PUT', `/api/products/${id}`, rest, { as: staff });
    expect(put.body).toMatchObject({ ...rest, sku, version: 3 });
    const shown = await catalog.request('GET', `/api/products/${id}`);
    expect(shown.body).toMatchObject(put.body);
    expect(await eventsOf(catalog, id, 3)).toEqual([
      ['product.created', 1],
      ['product.updated', 2],
      ['product.updated', 3],
    ]);
  });

  test('is visible to nobody once it is deleted, and keeps its SKU', async () => {
    const { id, sku } = await added(catalog);
    expect(await catalog.request('DELETE', `/api/products/${id}`, undefined, { as: staff })).toMatchObject({ status: 204 });
    for (const method of ['GET', 'DELETE'])
      expect(await catalog.request(method, `/api/products/${id}`, undefined, { as: staff })).toMatchObject({ status: 404 });
    expect(await catalog.request('PATCH', `/api/products/${id}`, { name: 'X' }, { as: staff })).toMatchObject({ status: 404 });
    const again = await catalog.request('POST', '/api/products', aProductBody({ sku }), { as: staff });
    expect(again).toMatchObject(problem(409, 'sku-taken'));
    expect(await eventsOf(catalog, id, 2)).toEqual([
      ['product.created', 1],
      ['product.deleted', 2],
    ]);
  });

  test('that is a draft is visible to staff only, one that is unlisted to anyone with its link', async () => {
    const draft = await added(catalog, { status: 'draft' });
    const unlisted = await added(catalog, { status: 'unlisted' });
    const status = async (id: string, as = aUser()) => (await catalog.request('GET', `/api/products/${id}`, undefined, { as })).status;
    expect(await status(draft.id)).toBe(404);
    expect(await status(draft.id, aUser({ role: 'staff', permissions: ['orders'] }))).toBe(404);
    expect(await status(draft.id, staff)).toBe(200);
    expect(await status(draft.id, aUser({ role: 'admin' }))).toBe(200);
    expect(await status(unlisted.id)).toBe(200);
  });

  test('has a unique SKU, however many request it at once', async () => {
    const bodies = Array.from({ length: 20 }, () => aProductBody({ sku: 'ONLY-ONE' }));
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
    ['a malformed SKU', { sku: 'a b' }, 'sku'],
    ['an empty name', { name: ' ' }, 'name'],
    ['a name that is too long', { name: 'x'.repeat(201) }, 'name'],
    ['a description that is too long', { description: 'x'.repeat(5_001) }, 'description'],
    ['too many attributes', { attributes: Array.from({ length: 31 }, () => ({ name: 'a', value: 'b' })) }, 'attributes'],
    ['an unknown category', { categoryId: 'nowhere' }, 'categoryId'],
    ['an unknown status', { status: 'sold' }, 'status'],
  ])('is refused with %s', async (_, fields, field) => {
    const { status, body } = await catalog.request('POST', '/api/products', aProductBody(fields), { as: staff });
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
    ['staff without the permission', aUser({ role: 'staff', permissions: ['inventory', 'orders'] }), 403],
    ['a caller without a token', undefined, 401],
  ])('cannot be changed by %s', async (_, as, expected) => {
    const { id } = await added(catalog);
    const ask = as ? { as } : {};
    const statuses = [
      await catalog.request('POST', '/api/products', aProductBody(), ask),
      await catalog.request('PUT', `/api/products/${id}`, aProductBody(), ask),
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
  test('is what inventory answers', async () => {
    const { id, sku } = await added(catalog);
    catalog.stock.set(sku, { available: 3, availability: 'low_stock' });
    const { body } = await catalog.request('GET', `/api/products/${id}`);
    expect(body.availability).toEqual({ status: 'low_stock', available: 3 });
  });

  test('is what was last reported if inventory does not answer in time', async () => {
    const { id, sku } = await added(catalog);
    catalog.stock.set(sku, 'never');
    const data = { sku, productId: id, availability: 'in_stock', quantity: 20 };
    await catalog.deliver({ type: 'inventory.availability_changed', version: 2, subject: sku, sequence: 4, data });
    const { body } = await catalog.request('GET', `/api/products/${id}`);
    expect(body.availability).toEqual({ status: 'in_stock', available: null });
  });
});

describe('a quote', () => {
  const quote = async (sku: string) => catalog.call(Quote, { sku });
  const refused = { refused: { kind: 'missing', slug: 'not-for-sale' } };

  test('has the current price', async () => {
    const { id, sku } = await added(catalog, { name: 'Pot', price: euros(2500) });
    const output = { productId: id, sku, name: 'Pot', price: euros(2500), image: null };
    expect(await quote(sku)).toEqual({ output });
    await catalog.request('PATCH', `/api/products/${id}`, { price: euros(2000), status: 'unlisted' }, { as: staff });
    expect(await quote(sku)).toMatchObject({ output: { price: { amount: 2000 } } });
  });

  test('is refused if the SKU is unknown, or its product is a draft or deleted', async () => {
    const draft = await added(catalog, { status: 'draft' });
    const gone = await added(catalog);
    await catalog.request('DELETE', `/api/products/${gone.id}`, undefined, { as: staff });
    for (const sku of [draft.sku, gone.sku, 'nothing']) expect(await quote(sku)).toMatchObject(refused);
  });
});

test('the API has an OpenAPI document', async () => {
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
