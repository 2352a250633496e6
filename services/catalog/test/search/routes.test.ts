import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { euros } from '@sidecart/testing/builders';
import { aUser } from '@sidecart/testing/tokens';
import { added, category, staff, startCatalog, type Catalog } from '../catalog.js';

let catalog: Catalog;
const ids: Record<string, string> = {};

beforeAll(async () => {
  catalog = await startCatalog();
  ids['drinks'] = await category(catalog, 'drinks');
  ids['tea'] = await category(catalog, 'tea', ids['drinks']);
  ids['kitchen'] = await category(catalog, 'kitchen');
  const shelf = [
    {
      name: 'Grüner Tee Sencha',
      price: euros(900),
      categoryId: ids['tea'],
      sku: 'TEA-SENCHA',
      attributes: [{ name: 'Origin', value: 'Japan' }],
    },
    { name: 'assam', price: euros(700), categoryId: ids['tea'], description: 'A malty black tea.' },
    { name: 'Zitronenlimonade', price: euros(250), categoryId: ids['drinks'] },
    { name: 'Éclair dish', price: euros(1900), categoryId: ids['kitchen'] },
    { name: 'Kettle', price: euros(4900), categoryId: ids['kitchen'], description: 'For tea and coffee.' },
    { name: 'Gift', price: euros(900) },
    { name: 'Secret tea', categoryId: ids['tea'], status: 'draft' },
    { name: 'Private tea', categoryId: ids['tea'], status: 'unlisted' },
  ];
  for (const product of shelf) await added(catalog, product);
});
afterAll(() => catalog.close());

const list = async (query: string) => catalog.request('GET', `/api/products${query}`);
const names = async (query: string) => (await list(query)).body.data.map(({ name }: { name: string }) => name);

describe('the list of products', () => {
  test('shows published products, newest first', async () => {
    expect(await names('')).toEqual(['Gift', 'Kettle', 'Éclair dish', 'Zitronenlimonade', 'assam', 'Grüner Tee Sencha']);
  });

  test('shows what a list needs, with the SKU and the availability', async () => {
    const { body } = await list('?category=kitchen&limit=1');
    expect(body).toEqual({
      data: [
        {
          id: expect.any(String),
          sku: expect.any(String),
          name: 'Kettle',
          price: euros(4900),
          status: 'published',
          categoryId: ids['kitchen'],
          availability: { status: 'out_of_stock' },
          createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      ],
      next: expect.any(String),
    });
  });

  test.each([
    ['name', ['assam', 'Éclair dish', 'Gift', 'Grüner Tee Sencha', 'Kettle', 'Zitronenlimonade']],
    ['price', ['Zitronenlimonade', 'assam']],
    ['-price', ['Kettle', 'Éclair dish']],
  ])('can be sorted by %s', async (sort, first) => {
    expect((await names(`?sort=${sort}`)).slice(0, first.length)).toEqual(first);
  });

  test('reads no state and does not call inventory', async () => {
    const before = { ...catalog.asked };
    await list('?category=drinks&minPrice=1');
    await list('/search?q=tea&category=drinks');
    expect(catalog.asked).toEqual(before);
  });

  test('can be narrowed to a category, by id or slug, with its subcategories', async () => {
    expect(await names('?category=tea&sort=name')).toEqual(['assam', 'Grüner Tee Sencha']);
    expect(await names(`?category=${ids['drinks']}&sort=name`)).toEqual(['assam', 'Grüner Tee Sencha', 'Zitronenlimonade']);
    expect(await names('?category=nowhere')).toEqual([]);
  });

  test('follows a category that moves, although no product changes', async () => {
    const put = (parentId: string | undefined) =>
      catalog.request('PUT', `/api/categories/${ids['tea']}`, { name: 'tea', slug: 'tea', parentId }, { as: staff });
    await put(ids['kitchen']);
    expect(await names('?category=kitchen&sort=price')).toEqual(['assam', 'Grüner Tee Sencha', 'Éclair dish', 'Kettle']);
    expect(await names('?category=drinks')).toEqual(['Zitronenlimonade']);
    await put(ids['drinks']);
  });

  test('can be narrowed to a price range, both ends included', async () => {
    expect(await names('?minPrice=700&maxPrice=1900&sort=name')).toEqual(['assam', 'Éclair dish', 'Gift', 'Grüner Tee Sencha']);
    expect(await names('?category=tea&minPrice=701')).toEqual(['Grüner Tee Sencha']);
    expect(await names('?maxPrice=250')).toEqual(['Zitronenlimonade']);
  });

  test('follows a change at once', async () => {
    const { id } = await added(catalog, { name: 'Brief', price: euros(99_999) });
    expect(await names('?sort=-price&limit=1')).toEqual(['Brief']);
    await catalog.request('PATCH', `/api/products/${id}`, { price: euros(1) }, { as: staff });
    expect(await names('?sort=price&limit=1')).toEqual(['Brief']);
    await catalog.request('DELETE', `/api/products/${id}`, undefined, { as: staff });
    expect(await names('?sort=price&limit=1')).toEqual(['Zitronenlimonade']);
  });

  test('shows drafts to staff who request them, and to nobody else', async () => {
    const ask = (as?: ReturnType<typeof aUser>) => catalog.request('GET', '/api/products?status=draft', undefined, as ? { as } : {});
    expect((await ask(staff)).body.data).toEqual([expect.objectContaining({ name: 'Secret tea', status: 'draft' })]);
    expect([(await ask(aUser())).status, (await ask()).status]).toEqual([403, 401]);
  });

  test.each(['?sort=colour', '?limit=0', '?limit=101', '?minPrice=-1', '?minPrice=x', '?page=1', '?cursor=xyz', '?status=sold', '?q=tea'])(
    'refuses %s',
    async (query) => {
      expect(await list(query)).toMatchObject({ status: 400 });
    },
  );

  test('refuses the cursor of another sort order', async () => {
    const { body } = await list('?sort=price&limit=1');
    expect(await list(`?sort=name&limit=1&cursor=${body.next}`)).toMatchObject({ status: 400 });
  });
});

describe('the search', () => {
  test.each([
    ['tea', ['assam', 'Grüner Tee Sencha', 'Kettle']],
    ['tea cof', ['Kettle']],
    ['GRUNER sen', ['Grüner Tee Sencha']],
    ['grüner', ['Grüner Tee Sencha']],
    ['eclair', ['Éclair dish']],
    ['japan', ['Grüner Tee Sencha']],
    ['tea-sencha', ['Grüner Tee Sencha']],
    ['imonade', []],
    ['tea castle', []],
    ['.*', []],
  ])('finds by %j', async (q, expected) => {
    expect(await names(`/search?q=${encodeURIComponent(q)}`)).toEqual(expected);
  });

  test('can be narrowed by category and price, and read page by page', async () => {
    expect(await names('/search?q=te&category=drinks')).toEqual(['assam', 'Grüner Tee Sencha']);
    expect(await names('/search?q=te&maxPrice=800')).toEqual(['assam']);
    const { body } = await list('/search?q=te&limit=2');
    expect(await names(`/search?q=te&limit=2&cursor=${body.next}`)).toEqual(['Kettle']);
  });

  test.each(['', '?q=', '?q=tea&sort=price', `?q=${'x'.repeat(401)}`])('refuses %s', async (query) => {
    expect(await list(`/search${query}`)).toMatchObject({ status: 400 });
  });
});

describe('reading page by page', () => {
  test.each(['newest', 'name', 'price', '-price'])('by %s returns each product once, even if others come and go', async (sort) => {
    const top = await category(catalog, `walk-${sort.replace('-', 'down')}`);
    const shelf = await Promise.all(
      Array.from({ length: 25 }, (_, n) => added(catalog, { categoryId: top, name: `W ${n % 4}`, price: euros(n % 3) })),
    );
    const met: string[] = [];
    let cursor = '';
    for (let part = 0; part < 20; part += 1) {
      const { body } = await list(`?category=${top}&sort=${sort}&limit=4${cursor}`);
      met.push(...body.data.map(({ id }: { id: string }) => id));
      if (body.next === null) break;
      cursor = `&cursor=${body.next}`;
      if (part === 1) await catalog.request('DELETE', `/api/products/${met[0]}`, undefined, { as: staff });
      if (part === 2) await added(catalog, { categoryId: top, name: 'V', price: euros(sort === '-price' ? 9 : 0) });
    }
    expect(new Set(met).size).toBe(met.length);
    expect(shelf.map(({ id }) => id).filter((id) => !met.includes(id))).toEqual([]);
  });
});
