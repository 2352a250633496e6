import { DomainError } from '@sidecart/chassis/errors';
import type { Movement } from './movement.js';
import { report, type Reported } from './report.js';
import { addPieces, newStock, type ProductFacts, type Stock } from './stock.js';

/** What is known of a SKU when its record is created. */
export interface Origin {
  sku: string;
  product: ProductFacts;
  threshold: number;
  /** Everything in its ledger, oldest first. Not empty if an earlier record was lost. */
  ledger: readonly Movement[];
  /** The tickets that the earlier record has issued. */
  tickets: number;
}

/**
 * Creates the record of a SKU. A lost one is rebuilt from its ledger: what is on hand is exact, and
 * what was held or backordered is not known. Its version begins at the time in ms, which is higher
 * than that of any event before.
 */
export function create({ sku, product, threshold, ledger, tickets }: Origin, now: Date): Reported {
  const empty = newStock(sku, product, threshold);
  if (ledger.length === 0) return report(undefined, empty);
  const lost = { ...empty, seq: ledger.length, tickets, served: tickets, version: now.getTime() };
  return report(
    undefined,
    ledger.reduce((stock, { location, quantity }) => addPieces(stock, location, quantity), lost),
  );
}

/**
 * Schedules what an event says of the product. Ignores an older one: a SKU may move to another product,
 * and then the times decide.
 */
export function learn(stock: Stock, product: ProductFacts): Reported {
  const known = stock.product;
  const isNews = known.productId === product.productId ? product.sequence > known.sequence : product.at > known.at;
  return isNews ? report(stock, { ...stock, product }) : { stock, events: [] };
}

export const setThreshold = (stock: Stock, threshold: number): Reported => report(stock, { ...stock, threshold });

export const stockExists = (sku: string): DomainError => new DomainError('conflict', 'stock-exists', `${sku} already has a stock record.`);
