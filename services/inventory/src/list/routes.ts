import { routes, type Routes } from '@sidecart/chassis/routes';
import { StockList, StockQuery } from '../stock/schemas.js';
import { view } from '../stock/view.js';
import type { StockIndex } from './stock-index.js';

/** The list of stock for staff. */
export function listRoutes(index: StockIndex): Routes {
  const api = routes('inventory');

  api.get(
    '/api/inventories',
    { summary: 'Lists stock by SKU.', access: { staff: 'inventory' }, rows: [20, 25], query: StockQuery, reply: StockList },
    async ({ query }) => {
      const { items, next } = await index.list(query);
      const now = new Date();
      return { data: items.map((stock) => view(stock, now)), next };
    },
  );

  return api;
}
