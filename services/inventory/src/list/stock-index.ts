import type { Documents, Filter, Versioned } from '@sidecart/chassis/documents';
import { page } from '@sidecart/chassis/lists';
import type { Logger } from '@sidecart/chassis/logger';
import type { Store } from '@sidecart/chassis/store';
import { levelOf, type Level } from '../stock/report.js';
import type { Stock } from '../stock/stock.js';
import { SKUS, type Stocks } from '../stock/store.js';

/** What the list of stock is filtered by. It has no quantities, so a hold does not change it. */
export interface Entry extends Versioned {
  /** The id of the state that it was built from. */
  stateId: string;
  level: Level;
  locations: string[];
}

/** Exists once the whole state is in the index. */
interface Complete extends Versioned {
  stateId: string;
}

export interface Query {
  level?: Level | undefined;
  location?: string | undefined;
  /** The beginning of the SKU. */
  sku?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

export interface StockIndexOptions {
  documents: Documents;
  store: Store;
  stocks: Stocks;
  stateId: string;
  logger: Logger;
}

const COMPLETE = 'complete';
const PAGE = 100;

export type StockIndex = Awaited<ReturnType<typeof createStockIndex>>;

/**
 * The list of stock for staff. The index is built from state: by the events of each change that it
 * shows, which are redelivered for a while, at once after what staff do, and as a whole at the start
 * unless it is complete.
 */
export async function createStockIndex({ documents, store, stocks, stateId, logger }: StockIndexOptions) {
  const entries = await documents.collection<Entry>('stocks', { indexes: [['level']], arrays: ['locations'] });
  const complete = await documents.collection<Complete>('complete', { indexes: [] });

  async function refresh(sku: string): Promise<void> {
    const stock = await stocks.find(sku);
    if (stock) await entries.put(entryOf(stateId, stock));
  }

  return {
    refresh,

    /** Refreshes after a commit. If that fails, the commit stands, and its event does it later. */
    async attempt(sku: string): Promise<void> {
      await refresh(sku).catch((error: unknown) => logger.warn({ err: error }, 'list of stock not updated; the event will do it'));
    },

    /** Indexes the whole state unless that is done. */
    async ensure(): Promise<void> {
      if ((await complete.get(COMPLETE))?.stateId === stateId) return;
      await Promise.all([entries.retain('stateId', stateId), complete.retain('stateId', stateId)]);
      let cursor: string | undefined;
      do {
        const { data, next } = await page(store, SKUS, { cursor, limit: PAGE });
        await Promise.all(data.map(refresh));
        cursor = next ?? undefined;
      } while (cursor !== undefined);
      await complete.put({ _id: COMPLETE, version: 0, stateId });
    },

    /** Returns the stocks that match, sorted by SKU, as they are now. Throws `invalid` for a malformed cursor. */
    async list({ level, location, sku, limit, cursor }: Query): Promise<{ items: Stock[]; next: string | null }> {
      const where: Filter<Entry> = {
        ...(level === undefined ? {} : { level }),
        ...(location === undefined ? {} : { locations: location }),
        ...(sku === undefined ? {} : { _id: { $prefix: sku } }),
      };
      const { items, next = null } = await entries.find({ where, sort: '_id', limit, after: cursor });
      const found = await Promise.all(items.map(({ _id }) => stocks.find(_id)));
      return { items: found.filter((stock) => stock !== undefined), next };
    },
  };
}

const entryOf = (stateId: string, stock: Stock): Entry => ({
  _id: stock.sku,
  version: stock.version,
  stateId,
  level: levelOf(stock),
  locations: stock.places.map(({ location }) => location),
});
