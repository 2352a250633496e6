import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { problem } from '@sidecart/testing/problem';
import { added, aProductBody, category, eventsOf, staff, startCatalog, type Catalog } from '../catalog.js';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await startCatalog();
});
afterAll(() => catalog.close());

describe('categories', () => {
  test('are returned as trees, and one by its id or slug with what is above and below it', async () => {
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
    expect(await eventsOf(catalog, tea, 1)).toEqual([['category.created', 2]]);
  });

  test('can be renamed and moved, but not below themselves', async () => {
    const [top, low] = [await category(catalog, 'top'), await category(catalog, 'low')];
    const put = (id: string, slug: string, parentId: string | null) =>
      catalog.request('PUT', `/api/categories/${id}`, { name: slug, slug, parentId }, { as: staff });
    expect(await put(low, 'lower', top)).toMatchObject({ status: 200, body: { slug: 'lower', parentId: top } });
    expect(await put(top, 'top', low)).toMatchObject(problem(409, 'category-cycle'));
    expect(await put('nowhere', 'x', null)).toMatchObject({ status: 404 });
    expect(await put(top, 'lower', null)).toMatchObject({ status: 409 });
    expect(await put(top, 'Not a slug', null)).toMatchObject({ status: 400, body: { errors: [{ field: 'slug' }] } });
  });

  test('can be deleted once their products have moved', async () => {
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

test('no product is added to a category that is deleted at the same time', async () => {
  for (let round = 0; round < 5; round += 1) {
    const id = await category(catalog, `round-${round}`);
    const create = () => catalog.request('POST', '/api/products', aProductBody({ categoryId: id }), { as: staff });
    const before = Array.from({ length: round }, create);
    const deleted = catalog.request('DELETE', `/api/categories/${id}`, undefined, { as: staff });
    const products = await Promise.all([...before, ...Array.from({ length: 4 - round }, create)]);
    const filed = products.filter(({ status }) => status === 201).length;
    expect(filed > 0 ? 409 : 204).toBe((await deleted).status);
  }
});
