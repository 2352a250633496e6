import { isDeepStrictEqual } from 'node:util';
import { DomainError, found } from '@sidecart/chassis/errors';
import { IdempotencyKey, keyReused } from '@sidecart/chassis/idempotency';
import { page, pageOf, PageQuery } from '@sidecart/chassis/lists';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { Instant, ProductId, Sku, UserId } from '@sidecart/contracts/common';
import { Availability } from '@sidecart/contracts/inventory';
import { z } from 'zod';
import { adjust, availability, held, newStock, setThreshold, type Stock } from './stock.js';
import { ledger, onceKey, putMoved, putOnce, putStock, stockKey } from './store.js';

const MAX_PIECES = 1_000_000;

const BySku = z.object({ sku: Sku });
const NewStock = z.strictObject({ sku: Sku, productId: ProductId, quantity: z.number().int().min(0).max(MAX_PIECES).default(0) });
const NewMovement = z.strictObject({
  type: z.enum(['in', 'out']),
  quantity: z
    .number()
    .int()
    .min(1)
    .max(MAX_PIECES)
    .meta({ examples: [20] }),
  reason: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .meta({ examples: ['delivery'] }),
});
const Threshold = z.strictObject({
  threshold: z
    .number()
    .int()
    .min(0)
    .max(MAX_PIECES)
    .meta({ examples: [5] }),
});

const StockView = z
  .object({
    sku: Sku,
    productId: ProductId,
    onHand: z
      .number()
      .int()
      .meta({ examples: [20] }),
    held: z
      .number()
      .int()
      .meta({ examples: [2] }),
    available: z
      .number()
      .int()
      .meta({ examples: [18] }),
    threshold: z
      .number()
      .int()
      .meta({ examples: [5] }),
    availability: Availability,
  })
  .meta({ id: 'Stock' });
const MovementView = z
  .object({
    seq: z
      .number()
      .int()
      .meta({ examples: [1] }),
    sku: Sku,
    type: z.enum(['in', 'out', 'sale', 'return']),
    quantity: z
      .number()
      .int()
      .meta({ description: 'Negative for what goes out.', examples: [20] }),
    balance: z
      .number()
      .int()
      .meta({ description: 'On hand after it.', examples: [20] }),
    reference: z
      .string()
      .nullable()
      .meta({ description: 'The order, if any.', examples: [null] }),
    reason: NewMovement.shape.reason,
    at: Instant,
    by: UserId.nullable().describe('The user, if any.'),
  })
  .meta({ id: 'Movement' });

function view(stock: Stock, now: Date): z.infer<typeof StockView> {
  const { sku, productId, onHand, threshold } = stock;
  const pieces = held(stock, now);
  return { sku, productId, onHand, held: pieces, available: onHand - pieces, threshold, availability: availability(stock) };
}

/** What staff do with the stock. `threshold` is that of new stocks. */
export function stockRoutes({ store, threshold }: { store: Store; threshold: number }): Routes {
  const stocks = routes('inventory');
  const named = (sku: string) => `The stock of ${sku}`;

  stocks.post(
    '/api/inventories',
    {
      summary: 'Adds the stock record of a SKU; products get theirs by themselves.',
      access: { staff: 'inventory' },
      rows: [20],
      body: NewStock,
      reply: StockView,
      status: 201,
      problems: { 409: 'The SKU has a stock record.' },
    },
    async ({ body: { sku, productId, quantity }, user }) => {
      const now = new Date();
      return store.transact([stockKey(sku), ledger(sku).at], (docs) => {
        if (docs.get(stockKey(sku))) throw new DomainError('conflict', 'stock-exists', `${sku} has a stock record.`);
        const stock = newStock(sku, productId, threshold);
        if (quantity === 0) return { write: [putStock(stock)], result: view(stock, now) };
        const moved = adjust(stock, { type: 'in', quantity, reason: 'first stock', by: user.id }, now);
        return { write: putMoved(docs, moved), events: moved.events, result: view(moved.stock, now) };
      });
    },
  );

  stocks.get(
    '/api/inventories/:sku',
    {
      summary: 'Shows the stock of a SKU.',
      access: { staff: 'inventory' },
      rows: [20],
      params: BySku,
      reply: StockView,
      problems: { 404: 'No such SKU.' },
    },
    async ({ params: { sku } }) => view(found(await store.read(stockKey(sku)), named(sku)), new Date()),
  );

  stocks.patch(
    '/api/inventories/:sku',
    {
      summary: 'Sets the quantity that counts as low.',
      access: { staff: 'inventory' },
      rows: [25],
      params: BySku,
      body: Threshold,
      reply: StockView,
      problems: { 404: 'No such SKU.' },
    },
    async ({ params: { sku }, body }) => {
      const now = new Date();
      return store.transact([stockKey(sku)], (docs) => {
        const { stock, events } = setThreshold(found(docs.get(stockKey(sku)), named(sku)), body.threshold);
        return { write: [putStock(stock)], events, result: view(stock, now) };
      });
    },
  );

  stocks.get(
    '/api/inventories/:sku/movements',
    {
      summary: 'Lists the movements of a SKU, newest first.',
      access: { staff: 'inventory' },
      rows: [21],
      params: BySku,
      query: PageQuery,
      reply: pageOf(MovementView),
      problems: { 404: 'No such SKU.' },
    },
    async ({ params: { sku }, query }) => {
      const [stock, movements] = await Promise.all([store.read(stockKey(sku)), page(store, ledger(sku), query)]);
      found(stock, named(sku));
      return movements;
    },
  );

  stocks.post(
    '/api/inventories/:sku/movements',
    {
      summary: 'Puts pieces in or takes them out. The same key again gives the same answer.',
      access: { staff: 'inventory' },
      rows: [21],
      params: BySku,
      headers: IdempotencyKey.required(),
      body: NewMovement,
      reply: MovementView,
      status: 201,
      problems: { 404: 'No such SKU.', 409: 'Pieces to be taken out are held, or the key was used for something else.' },
    },
    async ({ params: { sku }, headers, body, user }) => {
      const now = new Date();
      const once = onceKey(user.id, headers['idempotency-key']);
      const request = { sku, ...body };
      return store.transact([once, stockKey(sku), ledger(sku).at], (docs) => {
        const before = docs.get(once);
        if (before && isDeepStrictEqual(before.request, request)) return { result: before.movement };
        if (before) throw keyReused();
        const moved = adjust(found(docs.get(stockKey(sku)), named(sku)), { ...body, by: user.id }, now);
        const write = [...putMoved(docs, moved), putOnce(once, { request, movement: moved.movement })];
        return { write, events: moved.events, result: moved.movement };
      });
    },
  );

  return stocks;
}
