import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@sidecart/chassis/errors';
import type { Logger } from '@sidecart/chassis/logger';
import type { Availability, Stock } from '@sidecart/contracts/inventory';
import type { z } from 'zod';
import type { Product } from './product.js';
import type { Known, Shelves } from './store.js';

export type AskStock = (input: z.infer<typeof Stock.input>) => Promise<z.infer<typeof Stock.output>>;

/** How long the detail of a product waits for inventory. */
export const STOCK_MS = 500;

/** What inventory last said; a SKU it never spoke of has no stock. */
export const lastKnown = (known: Known | undefined): Availability => known?.availability ?? 'out_of_stock';

/** Returns a product's stock now, or what is known and `available: null` if inventory does not answer in time. */
export function createAvailability({ stock, known, logger }: { stock: AskStock; known: Shelves['known']; logger: Logger }) {
  return async (product: Product): Promise<{ status: Availability; available: number | null }> => {
    const { sku } = product;
    const answered = new AbortController();
    const asked = stock({ sku }).catch((error: unknown) => {
      if (!(error instanceof DomainError && error.kind === 'missing')) logger.warn({ err: error, sku }, 'inventory did not answer');
      return undefined;
    });
    const answer = await Promise.race([asked, delay(STOCK_MS, undefined, { signal: answered.signal })]);
    answered.abort();
    if (answer) return { status: answer.availability, available: answer.available };
    return { status: lastKnown(await known(product)), available: null };
  };
}
