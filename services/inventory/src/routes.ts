import { DomainError, found } from '@sidecart/chassis/errors';
import { IdempotencyKey } from '@sidecart/chassis/idempotency';
import { page, pageOf, PageQuery } from '@sidecart/chassis/lists';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { BySku, MovementView, NewMovement, NewStock, StockView, Threshold } from './schemas.js';
import { adjust, availability, held, newStock, setThreshold, type Stock } from './stock.js';
import { ledger, named, type Inventory } from './store.js';

export interface RouteOptions {
  store: Store;
  inventory: Inventory;
  /** The threshold of new stocks. */
  threshold: number;
}

const STAFF = { staff: 'inventory' } as const;
const NOT_FOUND = { 404: 'The SKU has no stock record.' };

/** What staff see and change. */
export function inventoryRoutes({ store, inventory, threshold }: RouteOptions): Routes {
  const api = routes('inventory');
  addStockRoutes(api, { inventory, threshold });
  addMovementRoutes(api, { store, inventory });
  return api;
}

function addStockRoutes(api: Routes, { inventory, threshold }: Pick<RouteOptions, 'inventory' | 'threshold'>): void {
  api.post(
    '/api/inventories',
    {
      summary: 'Adds the stock record of a SKU. Products get theirs automatically.',
      access: STAFF,
      rows: [20],
      body: NewStock,
      reply: StockView,
      status: 201,
      problems: { 409: 'The SKU already has a stock record.' },
    },
    async ({ body: { sku, productId, quantity }, user }) => {
      const create = (existing: Stock | undefined, now: Date) => {
        if (existing) throw new DomainError('conflict', 'stock-exists', `${sku} already has a stock record.`);
        const stock = newStock(sku, productId, threshold);
        return quantity === 0 ? { stock, events: [] } : adjust(stock, { type: 'in', quantity, reason: 'first stock', by: user.id }, now);
      };
      return view(await inventory.update(sku, create, { moves: true }));
    },
  );

  api.get(
    '/api/inventories/:sku',
    { summary: 'Returns the stock of a SKU.', access: STAFF, rows: [20], params: BySku, reply: StockView, problems: NOT_FOUND },
    async ({ params: { sku } }) => view(await inventory.read(sku)),
  );

  api.patch(
    '/api/inventories/:sku',
    {
      summary: 'Sets the quantity that counts as low stock.',
      access: STAFF,
      rows: [25],
      params: BySku,
      body: Threshold,
      reply: StockView,
      problems: NOT_FOUND,
    },
    async ({ params: { sku }, body }) =>
      view(await inventory.update(sku, (stock) => setThreshold(found(stock, named(sku)), body.threshold))),
  );
}

function addMovementRoutes(api: Routes, { store, inventory }: Pick<RouteOptions, 'store' | 'inventory'>): void {
  api.get(
    '/api/inventories/:sku/movements',
    {
      summary: 'Lists the movements of a SKU, newest first.',
      access: STAFF,
      rows: [21],
      params: BySku,
      query: PageQuery,
      reply: pageOf(MovementView),
      problems: NOT_FOUND,
    },
    async ({ params: { sku }, query }) => {
      const [movements] = await Promise.all([page(store, ledger(sku), query), inventory.read(sku)]);
      return movements;
    },
  );

  api.post(
    '/api/inventories/:sku/movements',
    {
      summary: 'Moves pieces in or out, once per Idempotency-Key.',
      access: STAFF,
      rows: [21],
      params: BySku,
      headers: IdempotencyKey.required(),
      body: NewMovement,
      reply: MovementView,
      status: 201,
      problems: { ...NOT_FOUND, 409: 'Pieces to move out are held, or the key was used for another request.' },
    },
    ({ params: { sku }, headers, body, user }) => {
      const requested = { sku, userId: user.id, idempotencyKey: headers['idempotency-key'], request: { sku, ...body } };
      return inventory.moveOnce(requested, (stock, now) => adjust(stock, { ...body, by: user.id }, now));
    },
  );
}

function view(stock: Stock): StockView {
  const { sku, productId, onHand, threshold } = stock;
  const pieces = held(stock, new Date());
  return { sku, productId, onHand, held: pieces, available: onHand - pieces, threshold, availability: availability(stock) };
}
