import { randomUUID } from 'node:crypto';
import { found } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { add, ancestors, byIdOrSlug, edit, nested, remove } from './category.js';
import { Branch, ById, ByIdOrSlug, CategoryBody, CategoryView, Trees } from './schemas.js';
import type { Categories } from './store.js';

export interface CategoryRoutesOptions {
  categories: Categories;
  /** Called after each change. */
  onChange: () => Promise<void>;
}

const NOT_FOUND = { 404: 'There is no such category.' };
const CONFLICT = { 409: 'The slug is taken, or the tree would be too deep, too large or a cycle.' };

export function categoryRoutes({ categories, onChange }: CategoryRoutesOptions): Routes {
  const api = routes('categories');

  api.get('/api/categories', { summary: 'Returns all categories as trees.', access: 'public', rows: [18], reply: Trees }, async () => ({
    data: nested(await categories.tree()),
  }));

  api.get(
    '/api/categories/:id',
    {
      summary: 'Returns a category with what is above and below it.',
      access: 'public',
      rows: [18],
      params: ByIdOrSlug,
      reply: Branch,
      problems: NOT_FOUND,
    },
    async ({ params }) => {
      const tree = await categories.tree();
      const category = found(byIdOrSlug(tree, params.id), 'The category');
      return { ...category, ancestors: ancestors(tree, category), children: nested(tree, category.id) };
    },
  );

  addStaffRoutes(api, { categories, onChange });
  return api;
}

function addStaffRoutes(api: Routes, { categories, onChange }: CategoryRoutesOptions): void {
  const staff = { access: { staff: 'catalog' } as const, rows: [18] };

  api.post(
    '/api/categories',
    { ...staff, summary: 'Adds a category.', body: CategoryBody, reply: CategoryView, status: 201, problems: CONFLICT },
    async ({ body }) => {
      const category = { id: randomUUID(), ...body };
      await categories.update(category.id, (tree) => add(tree, category));
      await onChange();
      return category;
    },
  );

  api.put(
    '/api/categories/:id',
    {
      ...staff,
      summary: 'Renames or moves a category.',
      params: ById,
      body: CategoryBody,
      reply: CategoryView,
      problems: { ...CONFLICT, ...NOT_FOUND },
    },
    async ({ params, body }) => {
      const category = { ...params, ...body };
      await categories.update(category.id, (tree) => edit(tree, category));
      await onChange();
      return category;
    },
  );

  api.delete(
    '/api/categories/:id',
    { ...staff, summary: 'Deletes an empty category.', params: ById, problems: { ...NOT_FOUND, 409: 'It has products or subcategories.' } },
    async ({ params: { id } }) => {
      await categories.update(id, (tree, products) => remove(tree, id, products));
      await onChange();
    },
  );
}
