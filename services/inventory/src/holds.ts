import { DomainError } from '@sidecart/chassis/errors';
import { MAX_LINES } from '@sidecart/contracts/common';
import { hasLapsed } from './minutes.js';
import { available, giveBack, outOfStock, take, type Held, type Stock } from './stock.js';

/** What one cart holds. Its pieces are counted in the stock of each SKU too. */
export interface Holds {
  lines: readonly HoldLine[];
}

export interface HoldLine extends Held {
  sku: string;
}

export const NO_HOLDS: Holds = { lines: [] };

/** A cart has fewer lines; some of a line's hold may outlive the line. */
const MAX_HOLDS = 2 * MAX_LINES;

/**
 * Makes the hold on a SKU exactly this line, in place of the one it had. A SKU without stock has nothing to hold.
 * Throws `conflict`: `out-of-stock` where there is too little, `too-many-holds`.
 */
export function setHold(holds: Holds, stock: Stock | undefined, line: HoldLine, now: Date): { holds: Holds; stock?: Stock } {
  const before = holds.lines.find(({ sku }) => sku === line.sku);
  if (!before && line.quantity === 0) return { holds };
  const free = stock && before ? giveBack(stock, before, now) : stock;
  const left = free ? available(free, now) : 0;
  if (line.quantity > left) throw outOfStock([{ sku: line.sku, requested: line.quantity, available: left }]);
  const after = replaced(holds, line, now);
  return { holds: after, ...(free ? { stock: take(free, line, now) } : {}) };
}

/** The holds with this line in place of the one of its SKU, without empty and lapsed ones. */
export function replaced(holds: Holds, line: HoldLine, now: Date): Holds {
  const others = holds.lines.filter(({ sku }) => sku !== line.sku);
  const lines = [...others, line].filter(({ quantity, minute }) => quantity > 0 && !hasLapsed(minute, now));
  if (lines.length <= MAX_HOLDS) return { lines };
  throw new DomainError('conflict', 'too-many-holds', `A cart holds at most ${MAX_HOLDS} SKUs.`);
}

/** The last minute in which one of them lapses; 0 where there are none. */
export const lastMinute = (holds: Holds): number => Math.max(0, ...holds.lines.map(({ minute }) => minute));
