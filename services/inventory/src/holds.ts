import { DomainError } from '@sidecart/chassis/errors';
import { MAX_LINES } from '@sidecart/contracts/common';
import { hasLapsed } from './minutes.js';
import { available, hold, outOfStock, release, type HeldPieces, type Stock } from './stock.js';

/** What one cart holds. The stock of each SKU counts the same pieces. */
export interface Holds {
  lines: readonly HoldLine[];
}

export interface HoldLine extends HeldPieces {
  sku: string;
}

export const NO_HOLDS: Holds = { lines: [] };

/** Twice the lines of a cart: the hold of a line may outlive the line. */
const MAX_HOLDS = 2 * MAX_LINES;

/**
 * Replaces a cart's hold on a SKU with this line. A SKU without stock has nothing to hold or
 * release. Throws `conflict`: `out-of-stock`, `too-many-holds`.
 */
export function setHold(holds: Holds, stock: Stock | undefined, line: HoldLine, now: Date): { holds: Holds; stock?: Stock } {
  const before = holds.lines.find(({ sku }) => sku === line.sku);
  if (!before && line.quantity === 0) return { holds };
  const free = stock && before ? release(stock, before, now) : stock;
  const left = free ? available(free, now) : 0;
  if (line.quantity > left) throw outOfStock([{ sku: line.sku, requested: line.quantity, available: left }]);
  const after = replaced(holds, line, now);
  return { holds: after, ...(free ? { stock: hold(free, line, now) } : {}) };
}

/**
 * Returns the holds with this line in place of that of its SKU, without empty and lapsed lines.
 * Throws `conflict` (`too-many-holds`).
 */
export function replaced(holds: Holds, line: HoldLine, now: Date): Holds {
  const others = holds.lines.filter(({ sku }) => sku !== line.sku);
  const lines = [...others, line].filter(({ quantity, minute }) => quantity > 0 && !hasLapsed(minute, now));
  if (lines.length <= MAX_HOLDS) return { lines };
  throw new DomainError('conflict', 'too-many-holds', `A cart can hold at most ${MAX_HOLDS} SKUs.`);
}

/** Returns the minute in which the last hold lapses, or 0 if there are none. */
export const lastMinute = (holds: Holds): number => Math.max(0, ...holds.lines.map(({ minute }) => minute));
