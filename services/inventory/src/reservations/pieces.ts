import type { StockLine } from '@sidecart/contracts/common';
import type { Allocation, ShortLine } from '@sidecart/contracts/inventory';
import type { Locations } from '../locations/location.js';
import { piecesOf, plus } from '../stock/allocation.js';
import { allocate, availableTo, hold, orderableTo, outOfStock, promise, release } from '../stock/stock.js';
import type { Draft } from './decision.js';
import { newLine, openOf, sameLines, stands, type Reservation, type ReservedLine, type StockDemand } from './reservation.js';

/** A line that is to get pieces. */
export interface Want {
  line: ReservedLine;
  quantity: number;
  /** What the order or its cart held of the SKU until now. */
  own: Allocation;
}

/** Returns what an order still wants: the open pieces of its lines, or other lines but what was sold. */
export function wantsOf(before: Reservation | undefined, demand: StockDemand): Omit<Want, 'own'>[] {
  if (before && sameLines(before, demand)) return before.lines.map((line) => ({ line, quantity: openOf(line) }));
  const sold = new Map(before?.lines.map((line) => [line.sku, line.sold]));
  const asked = (line: StockLine) => ({ ...newLine(line), sold: sold.get(line.sku) ?? [] });
  const dropped = (before?.lines ?? []).filter((line) => line.sold.length > 0 && !demand.lines.some(({ sku }) => sku === line.sku));
  return [
    ...demand.lines.map(asked).map((line) => ({ line, quantity: Math.max(0, line.quantity - piecesOf(line.sold)) })),
    ...dropped.map((line) => ({ line: { ...newLine(line), sold: line.sold }, quantity: 0 })),
  ];
}

/** Frees pieces that a reservation holds, and some that it waits for. */
export function free(draft: Draft, reservation: Reservation, { sku, from, waiting }: Pick<ReservedLine, 'sku' | 'from' | 'waiting'>): void {
  const { minute, state } = reservation;
  if (!draft.find(sku)) return;
  if (state === 'committed') return draft.change(sku, (stock) => ({ ...stock, owed: Math.max(0, stock.owed - waiting) }));
  if (!stands(reservation, draft.now)) return;
  draft.change(sku, (stock) => promise(release(stock, { from, minute }, draft.now), -waiting, minute, draft.now));
}

/** Frees all that a reservation holds and waits for, and returns what it held of each SKU. */
export function freeAll(draft: Draft, reservation: Reservation | undefined): Map<string, Allocation> {
  if (!reservation) return new Map();
  for (const line of reservation.lines) free(draft, reservation, line);
  return stands(reservation, draft.now) ? new Map(reservation.lines.map(({ sku, from }) => [sku, from])) : new Map();
}

/** Returns the wanted lines of which too little can be had. */
export function shortLines({ find, now }: Draft, wants: readonly Want[]): ShortLine[] {
  return wants.flatMap(({ line: { sku }, quantity, own }) => {
    const stock = find(sku);
    const left = stock ? orderableTo(stock, own, now) : 0;
    return quantity > left ? [{ sku, requested: quantity, available: left }] : [];
  });
}

/**
 * Chooses the pieces of all wanted lines, on hand first, and returns the lines with them. Takes none
 * from the stock. Throws `conflict` (`out-of-stock`) with all short lines.
 */
export function choose(draft: Draft, wants: readonly Want[], by: { locations: Locations; country: string | null }): ReservedLine[] {
  const short = shortLines(draft, wants);
  if (short.length > 0) throw outOfStock(short);
  return wants.map(({ line, quantity, own }): ReservedLine => {
    const stock = draft.find(line.sku);
    if (!stock) return line;
    const pieces = Math.min(quantity, availableTo(stock, own, draft.now));
    const from = allocate(stock, pieces, { ...by, prior: line.from }, draft.now);
    const waiting = quantity - pieces;
    // A line that waits keeps its place in the queue, unless the queue has passed it.
    const kept = line.waiting > 0 && line.ticket > stock.served ? line.ticket : undefined;
    return { ...line, from, waiting, ticket: waiting === 0 ? 0 : (kept ?? draft.ticket(line.sku)) };
  });
}

/** Holds the pieces of a line, and promises those that it waits for, until the minute. */
export function take(draft: Draft, line: ReservedLine, minute: number): void {
  if (openOf(line) === 0) return;
  const { sku, from, waiting } = line;
  draft.change(sku, (stock) => promise(hold(stock, { from, minute }, draft.now), waiting, minute, draft.now));
}

/** Sells pieces that are not held, and returns the line with them. */
export function sell(draft: Draft, line: ReservedLine, from: Allocation, reference: string, reason: string): ReservedLine {
  for (const { location, quantity } of from) draft.move(line.sku, { type: 'sale', location, quantity: -quantity, reference, reason });
  return { ...line, sold: plus(line.sold, from) };
}
