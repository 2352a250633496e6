import { randomUUID } from 'node:crypto';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { may } from '@sidecart/contracts/access-token';
import type { createAvailability } from './availability.js';
import { create, edit, remove, visible, type Product } from './product.js';
import { ById, productBodies, ProductPage, ProductView } from './schemas.js';
import type { Products } from './store.js';

export interface ProductRoutesOptions {
  currency: string;
  products: Products;
  availability: ReturnType<typeof createAvailability>;
  /** Called after each change. */
  onChange: (id: string) => Promise<void>;
}

const STAFF = { staff: 'catalog' } as const;
const NOT_FOUND = { 404: 'There is no such product.' };

export function productRoutes(options: ProductRoutesOptions): Routes {
  const { products, availability } = options;
  const api = routes('products');

  api.get(
    '/api/products/:id',
    {
      summary: 'Returns a product with its stock.',
      access: 'public',
      rows: [14, 19],
      params: ById,
      reply: ProductPage,
      problems: NOT_FOUND,
    },
    async ({ params, user }) => {
      const product = visible(await products.byId(params.id), { toStaff: user !== undefined && may(user, 'catalog') });
      return { ...view(product), availability: await availability(product) };
    },
  );

  addStaffRoutes(api, options);
  return api;
}

function addStaffRoutes(api: Routes, { currency, products, onChange }: ProductRoutesOptions): void {
  const { Create, Replace, Edit } = productBodies(currency);

  async function saved(changing: Promise<Product>): Promise<ProductView> {
    const product = await changing;
    await onChange(product.id);
    return view(product);
  }

  api.post(
    '/api/products',
    {
      summary: 'Adds a product, as a draft by default.',
      access: STAFF,
      rows: [14],
      body: Create,
      reply: ProductView,
      status: 201,
      problems: { 409: 'The SKU belongs to another product.' },
    },
    ({ body: { sku, ...fields } }) => {
      const id = randomUUID();
      return saved(products.add({ id, sku, categoryId: fields.categoryId }, (now) => create(id, sku, fields, now)));
    },
  );

  const described = { access: STAFF, rows: [14], params: ById, reply: ProductView, problems: NOT_FOUND };

  api.put('/api/products/:id', { ...described, summary: 'Replaces every field but the SKU.', body: Replace }, ({ params, body }) =>
    saved(products.update(params.id, (product, now) => edit(product, body, now))),
  );

  api.patch('/api/products/:id', { ...described, summary: 'Changes the given fields.', body: Edit }, ({ params, body }) =>
    saved(products.update(params.id, (product, now) => edit(product, body, now))),
  );

  api.delete(
    '/api/products/:id',
    { summary: 'Deletes a product. Its SKU cannot be used again.', access: STAFF, rows: [14], params: ById, problems: NOT_FOUND },
    async ({ params }) => {
      await saved(products.update(params.id, remove));
    },
  );
}

function view({ id, sku, name, description, price, status, categoryId, attributes, version, createdAt, updatedAt }: Product): ProductView {
  return { id, sku, name, description, price, status, categoryId, attributes, version, createdAt, updatedAt };
}
