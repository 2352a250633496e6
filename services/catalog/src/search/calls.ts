import { routes, type Routes } from '@sidecart/chassis/routes';
import { z } from 'zod';
import type { SearchIndex } from './search-index.js';

/** What an operator calls. */
export function searchCalls(index: SearchIndex): Routes {
  const api = routes('products');

  api.post(
    '/internal/reindex',
    {
      summary: 'Rebuilds lists and search from the state.',
      access: 'internal',
      body: z.strictObject({}),
      reply: z.object({ products: z.int() }),
    },
    async () => ({ products: await index.rebuild() }),
  );

  return api;
}
