import { randomUUID } from 'node:crypto';
import { may, permitted } from '@sidecart/chassis/auth';
import type { Sort } from '@sidecart/chassis/documents';
import { routes } from '@sidecart/chassis/routes';
import type { z } from 'zod';
import type { createAvailability } from './availability.js';
import { change, create, drop, shownTo, type Product } from './product.js';
import { ById, Detail, Listing, Page, Product as Shown, productBodies, Search } from './schemas.js';
import type { Entry, SearchIndex, Wanted } from './search-index.js';
import type { Shelves } from './store.js';

interface Needs {
  currency: string;
  shelves: Shelves;
  index: SearchIndex;
  availability: ReturnType<typeof createAvailability>;
}

const SORTS = { newest: '-createdAt', name: 'folded', price: 'price', '-price': '-price' } satisfies Record<string, Sort<Entry>>;

export function productRoutes({ currency, shelves, index, availability }: Needs) {
  const api = routes('products');
  const { Create, Replace, Edit } = productBodies(currency);
  const missing = { 404: 'There is no such product.' };

  async function page(wanted: Wanted): Promise<z.infer<typeof Page>> {
    const { items, next = null } = await index.list(wanted);
    return { data: items.map(summary), next };
  }

  async function saved(product: Promise<Product>): Promise<z.infer<typeof Shown>> {
    const { id } = await product;
    await index.attempt(index.refresh(id));
    return view(await product);
  }

  api.get(
    '/api/products',
    {
      summary: 'Lists products.',
      access: 'public',
      rows: [15],
      query: Listing,
      reply: Page,
      problems: { 401: 'Products that are not published need a token.', 403: 'Products that are not published are for staff.' },
    },
    ({ query, user }) => {
      if (query.status !== 'published') permitted(user, 'catalog');
      return page({ ...query, sort: SORTS[query.sort] });
    },
  );

  api.get(
    '/api/products/search',
    {
      summary: 'Finds published products that have every word, if only its beginning.',
      access: 'public',
      rows: [16],
      query: Search,
      reply: Page,
    },
    ({ query: { q, ...query } }) => page({ ...query, text: q, status: 'published', sort: SORTS.name }),
  );

  api.get(
    '/api/products/:id',
    { summary: 'Shows one product with its stock.', access: 'public', rows: [14, 19], params: ById, reply: Detail, problems: missing },
    async ({ params, user }) => {
      const shown = shownTo(user !== undefined && may(user, 'catalog'), await shelves.product(params.id));
      return { ...view(shown), availability: await availability(shown) };
    },
  );

  api.post(
    '/api/products',
    {
      summary: 'Adds a product, as a draft unless told.',
      access: { staff: 'catalog' },
      rows: [14],
      body: Create,
      reply: Shown,
      status: 201,
      problems: { 409: 'The SKU is taken.' },
    },
    ({ body: { sku, ...fields } }) => saved(shelves.add(create(randomUUID(), sku, fields, new Date()))),
  );

  const written = { access: { staff: 'catalog' } as const, rows: [14], params: ById, reply: Shown, problems: missing };
  api.put('/api/products/:id', { ...written, summary: 'Replaces all but the SKU.', body: Replace }, ({ params, body }) => {
    const now = new Date();
    return saved(shelves.update(params.id, (product) => change(product, body, now)));
  });

  api.patch('/api/products/:id', { ...written, summary: 'Changes what is named.', body: Edit }, ({ params, body }) => {
    const now = new Date();
    return saved(shelves.update(params.id, (product) => change(product, body, now)));
  });

  api.delete(
    '/api/products/:id',
    { summary: 'Deletes a product; its SKU stays taken.', access: { staff: 'catalog' }, rows: [14], params: ById, problems: missing },
    async ({ params }) => {
      const now = new Date();
      await saved(shelves.update(params.id, (product) => drop(product, now)));
    },
  );

  return api;
}

function view({ id, sku, name, description, price, status, categoryId, attributes, version, createdAt, updatedAt }: Product) {
  return { id, sku, name, description, price, status, categoryId, attributes, version, createdAt, updatedAt };
}

function summary({ _id: id, sku, name, price, currency, status, categoryId, availability, createdAt }: Entry) {
  return {
    id,
    sku,
    name,
    price: { amount: price, currency },
    status,
    categoryId,
    availability: { status: availability },
    createdAt: new Date(createdAt).toISOString(),
  };
}
