import { serve } from '@sidecart/chassis/calls';
import { routes } from '@sidecart/chassis/routes';
import { Quote } from '@sidecart/contracts/catalog';
import { z } from 'zod';
import { quote } from './product.js';
import type { SearchIndex } from './search-index.js';
import type { Shelves } from './store.js';

export function internalRoutes({ shelves, index }: { shelves: Shelves; index: SearchIndex }) {
  const api = routes('internal');
  serve(api, Quote, async ({ sku }) => quote(await shelves.productOf(sku)));

  api.post(
    '/internal/reindex',
    {
      summary: 'Makes lists and search anew from the state.',
      access: 'internal',
      body: z.strictObject({}),
      reply: z.object({ products: z.int() }),
    },
    async () => ({ products: await index.rebuild() }),
  );

  return api;
}
