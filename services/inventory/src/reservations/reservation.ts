import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '@sidecart/chassis/errors';
import { MAX_QUANTITY, type StockLine } from '@sidecart/contracts/common';
import type { Allocation } from '@sidecart/contracts/inventory';
import { piecesOf } from '../stock/allocation.js';
import { hasLapsed } from '../stock/minutes.js';

/**
 * The stock of one order, under the order's id.
 *
 * | from      | reserve | order.paid         | order.cancelled      | its minute is over |
 * |-----------|---------|--------------------|----------------------|--------------------|
 * | none      | held    | committed or short | released             | -                  |
 * | held      | held    | committed or short | released or returned | lapsed             |
 * | lapsed    | held    | committed or short | released or returned | -                  |
 * | committed | -       | -                  | returned             | -                  |
 * | short     | -       | -                  | returned             | -                  |
 * | released  | refused | -                  | -                    | -                  |
 * | returned  | refused | -                  | -                    | -                  |
 *
 * Only a cancelled order is released or returned, so both are final. The calls `commit` and
 * `release` change lines and keep the state.
 */
export interface Reservation {
  reference: string;
  /** Sorted by SKU, each SKU once. */
  lines: readonly ReservedLine[];
  /** The minute in which it lapses. */
  minute: number;
  state: 'held' | 'lapsed' | 'committed' | 'short' | 'released' | 'returned';
  /** Where the order goes, if that is known. */
  country: string | null;
  /** The calls that have changed lines: a digest of each by its id. */
  requests: Readonly<Record<string, string>>;
  /** Grows with each change. */
  version: number;
}

/** Pieces of a line that are in none of the three were released. */
export interface ReservedLine extends StockLine {
  /** Pieces held on hand. Once the reservation has lapsed they only say how many it had. */
  from: Allocation;
  /** Backordered pieces. */
  waiting: number;
  /** The place in the queue of the SKU, if any are waiting. */
  ticket: number;
  sold: Allocation;
}

/** What an order asks for, under its id. */
export interface StockDemand {
  reference: string;
  lines: readonly StockLine[];
}

export const newLine = ({ sku, quantity }: StockLine): ReservedLine => ({ sku, quantity, from: [], waiting: 0, ticket: 0, sold: [] });

/**
 * Returns the lines sorted by SKU, with one line per SKU. Throws `invalid` (`quantity-too-large`).
 */
export function mergedBySku(lines: readonly StockLine[]): StockLine[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  const result = [...quantities].map(([sku, quantity]) => ({ sku, quantity })).sort((a, b) => (a.sku < b.sku ? -1 : 1));
  const tooLarge = result.find(({ quantity }) => quantity > MAX_QUANTITY);
  if (!tooLarge) return result;
  throw new DomainError('invalid', 'quantity-too-large', `At most ${MAX_QUANTITY} pieces of ${tooLarge.sku} can be reserved.`);
}

/** Whether the reservation holds its pieces. */
export const stands = (reservation: Reservation, now: Date): boolean => reservation.state === 'held' && !hasLapsed(reservation.minute, now);

/** Returns the pieces of a line that are neither sold nor released. */
export const openOf = ({ from, waiting }: ReservedLine): number => piecesOf(from) + waiting;

/** Whether anything of the reservation is left. One without pieces is as good as none. */
export const hasPieces = ({ lines }: Reservation): boolean => lines.some((line) => openOf(line) > 0 || line.sold.length > 0);

export const sameLines = (a: StockDemand, b: StockDemand): boolean => isDeepStrictEqual(demandOf(a), demandOf(b));

const demandOf = ({ lines }: StockDemand): StockLine[] => lines.map(({ sku, quantity }) => ({ sku, quantity }));

/** Returns the lines with these pieces each, without empty ones. */
export const linesWith = (lines: readonly ReservedLine[], pieces: (line: ReservedLine) => number): StockLine[] =>
  lines.map((line) => ({ sku: line.sku, quantity: pieces(line) })).filter(({ quantity }) => quantity > 0);

/** Returns the lines with where these pieces are or were, without empty ones. */
export const allocatedLines = (lines: readonly ReservedLine[], from: (line: ReservedLine) => Allocation) =>
  lines.map((line) => ({ sku: line.sku, quantity: piecesOf(from(line)), from: from(line) })).filter(({ quantity }) => quantity > 0);

export const orderCancelled = (): DomainError =>
  new DomainError('conflict', 'order-cancelled', 'This order was cancelled. Place a new one.');
