import type { StockLine } from '@sidecart/contracts/common';
import { NO_HOLDS, type Holds } from '../src/holds.js';
import type { Decision, Facts, Reservation } from '../src/reservation.js';
import { newStock, type Stock } from '../src/stock.js';

/** Noon, in the middle of a minute, and times after it. */
export const NOON = new Date('2026-05-04T12:00:30.000Z');
export const MINUTE = Date.parse('2026-05-04T12:00:00.000Z') / 60_000;
export const after = (seconds: number, from = NOON) => new Date(from.getTime() + seconds * 1000);
export const until = (seconds: number, from = NOON) => after(seconds, from).toISOString();

export const aStock = (change: Partial<Stock> = {}): Stock => ({ ...newStock('TEA', 'p1', 5), onHand: 10, seq: 1, version: 1, ...change });

export const line = (sku: string, quantity: number): StockLine => ({ sku, quantity });

interface Given {
  stocks?: Stock[];
  reservation?: Reservation | undefined;
  holds?: Holds;
  now?: Date;
}

export const aFacts = ({ stocks = [aStock()], reservation, holds = NO_HOLDS, now = NOON }: Given = {}): Facts => ({
  stocks: new Map(stocks.map((stock) => [stock.sku, stock])),
  reservation,
  holds,
  now,
});

/** The facts after a decision. */
export const factsAfter = (decision: Decision | undefined, now = NOON): Facts => {
  if (!decision) throw new Error('nothing was decided');
  const { stocks, reservation, holds = NO_HOLDS } = decision;
  return { stocks, reservation, holds, now };
};
