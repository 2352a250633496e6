import { randomUUID } from 'node:crypto';
import { found } from '@sidecart/chassis/errors';
import { routes } from '@sidecart/chassis/routes';
import { Id } from '@sidecart/contracts/common';
import { z } from 'zod';
import { add, ancestors, drop, edit, named, nested } from './category.js';
import { Branch, ByCategory, Category, CategoryBody, Node } from './schemas.js';
import type { SearchIndex } from './search-index.js';
import type { Shelves } from './store.js';

export function categoryRoutes({ shelves, index }: { shelves: Shelves; index: SearchIndex }) {
  const api = routes('categories');
  const Trees = z.object({ data: z.array(Node) });
  const ByIdOrSlug = z.object({
    id: Id.meta({ description: 'Id or slug.', examples: ['instruments'] }),
  });
  const conflicts = { 409: 'The slug is taken, or the tree would be too deep, too large or a circle.' };

  api.get('/api/categories', { summary: 'Shows all categories as trees.', access: 'public', rows: [18], reply: Trees }, async () => ({
    data: nested(await shelves.tree()),
  }));

  api.get(
    '/api/categories/:id',
    {
      summary: 'Shows a category, what is above it and what is below it.',
      access: 'public',
      rows: [18],
      params: ByIdOrSlug,
      reply: Branch,
      problems: { 404: 'There is no such category.' },
    },
    async ({ params }) => {
      const tree = await shelves.tree();
      const category = found(named(tree, params.id), 'The category');
      return { ...category, ancestors: ancestors(tree, category), children: nested(tree, category.id) };
    },
  );

  api.post(
    '/api/categories',
    {
      summary: 'Adds a category.',
      access: { staff: 'catalog' },
      rows: [18],
      body: CategoryBody,
      reply: Category,
      status: 201,
      problems: conflicts,
    },
    async ({ body }) => {
      const category = { id: randomUUID(), ...body };
      await shelves.arrange(category.id, (tree) => add(tree, category));
      await index.attempt(index.refreshTree());
      return category;
    },
  );

  api.put(
    '/api/categories/:id',
    {
      summary: 'Renames or moves a category.',
      access: { staff: 'catalog' },
      rows: [18],
      params: ByCategory,
      body: CategoryBody,
      reply: Category,
      problems: { ...conflicts, 404: 'There is no such category.' },
    },
    async ({ params, body }) => {
      const category = { ...params, ...body };
      await shelves.arrange(category.id, (tree) => edit(tree, category));
      await index.attempt(index.refreshTree());
      return category;
    },
  );

  api.delete(
    '/api/categories/:id',
    {
      summary: 'Deletes a category that is empty.',
      access: { staff: 'catalog' },
      rows: [18],
      params: ByCategory,
      problems: { 404: 'There is no such category.', 409: 'It has products or subcategories.' },
    },
    async ({ params: { id } }) => {
      await shelves.arrange(id, (tree, products) => drop(tree, id, products));
      await index.attempt(index.refreshTree());
    },
  );

  return api;
}
