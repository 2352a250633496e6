import { isDeepStrictEqual } from 'node:util';
import { DomainError, found } from '@sidecart/chassis/errors';
import { MAX_QUANTITY, type StockLine } from '@sidecart/contracts/common';
import type { NewEvent } from '@sidecart/contracts/event';
import {
  InventoryCommitted,
  InventoryReleased,
  InventoryReserved,
  InventoryReturned,
  InventoryShort,
  type ShortLine,
} from '@sidecart/contracts/inventory';
import { replaced, type Holds } from './holds.js';
import { endOf, hasLapsed, minuteOf } from './minutes.js';
import { available, hold, move, outOfStock, release, type Movement, type Stock } from './stock.js';

/**
 * The stock of one order, under the order's id.
 *
 * | from      | reserve | order.paid         | order.cancelled |
 * |-----------|---------|--------------------|-----------------|
 * | none      | held    | committed or short | released        |
 * | held      | held    | committed or short | released        |
 * | released  | refused | -                  | -               |
 * | committed | -       | -                  | returned        |
 * | short     | -       | -                  | -               |
 * | returned  | refused | -                  | -               |
 *
 * Only a cancelled order is released or returned, so both are final. A lapsed reservation is still
 * `held`.
 */
export interface Reservation {
  reference: string;
  /** Sorted by SKU, each SKU once. */
  lines: readonly StockLine[];
  /** The minute in which it lapses. */
  minute: number;
  state: 'held' | 'committed' | 'short' | 'released' | 'returned';
  /** Grows with each change. */
  version: number;
}

/** What an order asks for, under its id. */
export interface StockDemand {
  reference: string;
  lines: readonly StockLine[];
}

/** The documents that a decision is based on. */
export interface Facts {
  reservation: Reservation | undefined;
  /** By SKU. A SKU without a stock record is missing. */
  stocks: ReadonlyMap<string, Stock>;
  /** The holds of the cart that becomes the order. */
  holds: Holds;
  now: Date;
}

/** What a decision changes. */
export interface Decision {
  reservation: Reservation;
  stocks: ReadonlyMap<string, Stock>;
  holds?: Holds;
  movements: readonly Movement[];
  events: readonly NewEvent[];
}

/**
 * Returns the lines sorted by SKU, with one line per SKU. Throws `invalid` (`quantity-too-large`).
 */
export function mergedBySku(lines: readonly StockLine[]): StockLine[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  const result = [...quantities].map(([sku, quantity]) => ({ sku, quantity })).sort((a, b) => (a.sku < b.sku ? -1 : 1));
  const tooLarge = result.find(({ quantity }) => quantity > MAX_QUANTITY);
  if (tooLarge) throw new DomainError('invalid', 'quantity-too-large', `At most ${MAX_QUANTITY} pieces of ${tooLarge.sku}.`);
  return result;
}

/**
 * Reserves every line or none until this time, first from what the cart holds, then from what is
 * available. Replaces an earlier reservation of the order, but never shortens it. Returns
 * `undefined` if nothing changes. Throws `conflict`: `out-of-stock` with all short lines,
 * `order-cancelled`.
 */
export function reserve(facts: Facts, demand: StockDemand, until: string): Decision | undefined {
  const { reservation, now } = facts;
  if (reservation?.state === 'released' || reservation?.state === 'returned') throw orderCancelled();
  if (reservation && reservation.state !== 'held') return undefined;
  const standing = reservation && !hasLapsed(reservation.minute, now) ? reservation : undefined;
  const isRepeat = standing !== undefined && sameLines(standing, demand);
  if (isRepeat && Date.parse(until) <= Date.parse(endOf(standing.minute))) return undefined;
  const minute = Math.max(minuteOf(until, now), standing?.minute ?? 0);
  const spent = spendHolds(facts, withoutReservation(facts), demand);
  const short = shortLines(spent.stocks, demand, now);
  if (short.length > 0) throw outOfStock(short);
  const stocks = new Map(spent.stocks);
  for (const { sku, quantity } of demand.lines) stocks.set(sku, hold(stockOf(stocks, sku), { quantity, minute }, now));
  const next = { ...demand, minute, state: 'held' as const, version: (reservation?.version ?? 0) + 1 };
  return { reservation: next, holds: spent.holds, stocks, movements: [], events: isRepeat ? [] : [eventOf(InventoryReserved, next)] };
}

/**
 * Sells what a paid order has reserved. If the reservation has lapsed, or has other lines than were
 * paid, sells all lines from what is available, or none, and the order is short. Returns
 * `undefined` if nothing changes.
 */
export function commit(facts: Facts, demand: StockDemand): Decision | undefined {
  const { reservation, now } = facts;
  if (reservation && reservation.state !== 'held') return undefined;
  const free = withoutReservation(facts);
  const next = { ...demand, minute: reservation?.minute ?? 0, version: (reservation?.version ?? 0) + 1 };
  const short = shortLines(free, demand, now);
  if (short.length > 0) {
    const lines = demand.lines.filter(({ sku }) => short.some((line) => line.sku === sku));
    return { reservation: { ...next, state: 'short' }, stocks: free, movements: [], events: [eventOf(InventoryShort, { ...next, lines })] };
  }
  const moved = moveAll(free, demand, { type: 'sale', reason: 'order paid' }, now);
  return { ...moved, reservation: { ...next, state: 'committed' }, events: [eventOf(InventoryCommitted, next), ...moved.events] };
}

/**
 * Releases what a cancelled order has reserved, or returns what it has bought. An order that is
 * cancelled before its reservation arrives is noted as released. Returns `undefined` if nothing
 * changes.
 */
export function cancel(facts: Facts, demand: StockDemand): Decision | undefined {
  const { reservation, now } = facts;
  if (!reservation)
    return { reservation: { ...demand, minute: 0, state: 'released', version: 1 }, stocks: new Map(), movements: [], events: [] };
  const next = { ...reservation, version: reservation.version + 1 };
  if (reservation.state === 'held') {
    const events = [eventOf(InventoryReleased, next)];
    return { reservation: { ...next, state: 'released' }, stocks: withoutReservation(facts), movements: [], events };
  }
  if (reservation.state !== 'committed') return undefined;
  const moved = moveAll(facts.stocks, reservation, { type: 'return', reason: 'order cancelled' }, now);
  return { ...moved, reservation: { ...next, state: 'returned' }, events: [eventOf(InventoryReturned, next), ...moved.events] };
}

const eventOf = (type: typeof InventoryReserved, { reference, version, lines }: Omit<Reservation, 'state' | 'minute'>): NewEvent =>
  type(reference, version, { reference, lines: [...lines] });

const orderCancelled = () => new DomainError('conflict', 'order-cancelled', 'This order was cancelled. Place a new one.');

const sameLines = (a: StockDemand, b: StockDemand) => isDeepStrictEqual(a.lines, b.lines);

/** Returns the stocks as they are without the reservation. */
function withoutReservation({ reservation, stocks, now }: Facts): ReadonlyMap<string, Stock> {
  if (reservation?.state !== 'held') return stocks;
  const free = new Map(stocks);
  const { minute } = reservation;
  for (const { sku, quantity } of reservation.lines) free.set(sku, release(stockOf(free, sku), { quantity, minute }, now));
  return free;
}

/** Releases as much of the cart's holds as the order asks for. */
function spendHolds({ holds, now }: Facts, stocks: ReadonlyMap<string, Stock>, { lines }: StockDemand) {
  const free = new Map(stocks);
  let left = holds;
  for (const { sku, quantity } of lines) {
    const line = holds.lines.find((each) => each.sku === sku);
    if (!line) continue;
    const used = Math.min(line.quantity, quantity);
    free.set(sku, release(stockOf(free, sku), { ...line, quantity: used }, now));
    left = replaced(left, { ...line, quantity: line.quantity - used }, now);
  }
  return { holds: left, stocks: free };
}

function shortLines(stocks: ReadonlyMap<string, Stock>, { lines }: StockDemand, now: Date): ShortLine[] {
  return lines.flatMap(({ sku, quantity }) => {
    const stock = stocks.get(sku);
    const left = stock ? available(stock, now) : 0;
    return quantity > left ? [{ sku, requested: quantity, available: left }] : [];
  });
}

function moveAll(
  stocks: ReadonlyMap<string, Stock>,
  { reference, lines }: StockDemand,
  cause: Pick<Movement, 'type' | 'reason'>,
  now: Date,
) {
  const after = new Map(stocks);
  const movements: Movement[] = [];
  const events: NewEvent[] = [];
  for (const { sku, quantity } of lines) {
    const moved = move(stockOf(after, sku), { ...cause, quantity, reference, by: null }, now);
    after.set(sku, moved.stock);
    movements.push(moved.movement);
    events.push(...moved.events);
  }
  return { stocks: after, movements, events };
}

const stockOf = (stocks: ReadonlyMap<string, Stock>, sku: string): Stock => found(stocks.get(sku), `The stock of ${sku}`);
