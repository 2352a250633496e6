import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@sidecart/chassis/errors';
import type { Logger } from '@sidecart/chassis/logger';
import type { Availability } from '@sidecart/contracts/inventory';
import type { Product } from './product.js';

/** The service inventory, as catalog calls it. */
export interface Inventory {
  stock: (input: { sku: string }) => Promise<{ available: number; availability: Availability }>;
}

/** What inventory has reported of a SKU. `sequence` is that of the event. */
export interface ReportedAvailability {
  availability: Availability;
  sequence: number;
}

export interface AvailabilityOptions extends Inventory {
  reported: (product: Product) => Promise<ReportedAvailability | undefined>;
  logger: Logger;
}

/** How long a product's page waits for inventory, in ms. */
export const STOCK_MS = 500;

/** Returns the reported availability. A SKU that was never reported is out of stock. */
export const lastReported = (reported: ReportedAvailability | undefined): Availability => reported?.availability ?? 'out_of_stock';

/**
 * Returns a function that returns a product's current stock, or what was last reported and
 * `available: null` if inventory does not answer in time.
 */
export function createAvailability({ stock, reported, logger }: AvailabilityOptions) {
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
    return { status: lastReported(await reported(product)), available: null };
  };
}
