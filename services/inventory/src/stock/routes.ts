import { IdempotencyKey } from '@sidecart/chassis/idempotency';
import { page, pageOf, PageQuery } from '@sidecart/chassis/lists';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { work } from './movement.js';
import { setThreshold, stockExists } from './record.js';
import { BySku, Movements, MovementView, NewMovement, NewStock, StockDetails, StockView, Threshold } from './schemas.js';
import { ledger, type Stocks } from './store.js';
import { view } from './view.js';

export interface RouteOptions {
  store: Store;
  stocks: Stocks;
  /** The threshold of new stocks. */
  threshold: number;
  /** Called after a change that lists show. */
  onChange: (sku: string) => Promise<void>;
  /** Called after pieces have come in, which orders may wait for. */
  onArrival: (sku: string) => Promise<void>;
}

const STAFF = { staff: 'inventory' } as const;
const NOT_FOUND = { 404: 'The SKU has no stock record.' };

/** What staff see and change. */
export function stockRoutes(options: RouteOptions): Routes {
  const api = routes('inventory');
  addStockRoutes(api, options);
  addMovementRoutes(api, options);
  return api;
}

function addStockRoutes(api: Routes, { store, stocks, threshold, onChange }: RouteOptions): void {
  api.post(
    '/api/inventories',
    {
      summary: 'Adds the stock record of a SKU, or rebuilds a lost one from its ledger. Products get theirs automatically.',
      access: STAFF,
      rows: [20],
      body: NewStock,
      reply: StockView,
      status: 201,
      problems: { 409: 'The SKU already has a stock record.' },
    },
    async ({ body: { sku, productId } }) => {
      const product = { productId, name: '', backorder: null, sequence: 0, at: '' };
      const stock = await stocks.create(sku, { product, threshold }, () => {
        throw stockExists(sku);
      });
      await onChange(sku);
      return view(stock, new Date());
    },
  );

  api.get(
    '/api/inventories/:sku',
    { summary: 'Returns the stock of a SKU.', access: STAFF, rows: [20], params: BySku, reply: StockView, problems: NOT_FOUND },
    async ({ params: { sku } }) => view(await stocks.read(sku), new Date()),
  );

  api.get(
    '/api/inventories/:sku/details',
    {
      summary: 'Returns the stock of a SKU with its movements, newest first.',
      access: STAFF,
      rows: [21],
      params: BySku,
      query: PageQuery,
      reply: StockDetails,
      problems: NOT_FOUND,
    },
    async ({ params: { sku }, query }) => {
      const [movements, stock] = await Promise.all([page(store, ledger(sku), query), stocks.read(sku)]);
      return { ...view(stock, new Date()), movements };
    },
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
    async ({ params: { sku }, body }) => {
      const stock = await stocks.update(sku, (stock) => setThreshold(stock, body.threshold));
      await onChange(sku);
      return view(stock, new Date());
    },
  );
}

function addMovementRoutes(api: Routes, { store, stocks, onChange, onArrival }: RouteOptions): void {
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
      const [movements] = await Promise.all([page(store, ledger(sku), query), stocks.read(sku)]);
      return movements;
    },
  );

  api.post(
    '/api/inventories/:sku/movements',
    {
      summary: 'Receives, ships, adjusts, transfers or counts pieces, once per Idempotency-Key.',
      access: STAFF,
      rows: [21],
      params: BySku,
      headers: IdempotencyKey.required(),
      body: NewMovement,
      reply: Movements,
      status: 201,
      problems: {
        404: 'The SKU has no stock record, or the location is unknown.',
        409: 'Pieces to take away are held, the location is not active, or the key was used for another request.',
      },
    },
    async ({ params: { sku }, headers, body, user }) => {
      const requested = { sku, userId: user.id, idempotencyKey: headers['idempotency-key'], request: { sku, ...body } };
      const movements = await stocks.moveOnce(requested, (stock, locations, now) => work(stock, { ...body, by: user.id }, locations, now));
      await onArrival(sku);
      await onChange(sku);
      return { movements: [...movements] };
    },
  );
}
