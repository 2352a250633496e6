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
import { available, giveBack, move, outOfStock, take, type Movement, type Stock } from './stock.js';

/**
 * The stock of one order, under the order's id.
 *
 * | from            | reserve       | order.paid         | order.cancelled |
 * |-----------------|---------------|--------------------|-----------------|
 * | nothing         | held          | committed or short | released        |
 * | held            | held          | committed or short | released        |
 * | released        | refused       | -                  | -               |
 * | committed       | -             | -                  | returned        |
 * | short           | -             | -                  | -               |
 * | returned        | refused       | -                  | -               |
 *
 * Only a cancelled order is released or returned, so both are final. A held reservation that has lapsed is still `held`.
 */
export interface Reservation {
  reference: string;
  /** By SKU, each once. */
  lines: readonly StockLine[];
  /** The one in which it lapses. */
  minute: number;
  state: 'held' | 'committed' | 'short' | 'released' | 'returned';
  /** Grows with each change. */
  version: number;
}

/** What is known before a decision. A SKU without stock has no entry in `stocks`. */
export interface Known {
  reservation: Reservation | undefined;
  stocks: ReadonlyMap<string, Stock>;
  /** Those of the cart that becomes the order. */
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

export interface Order {
  reference: string;
  lines: readonly StockLine[];
}

/** The lines sorted by SKU, with those of the same SKU as one. Throws `invalid` where that is more than one line may ask for. */
export function merged(lines: readonly StockLine[]): StockLine[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  const result = [...quantities].map(([sku, quantity]) => ({ sku, quantity })).sort((a, b) => (a.sku < b.sku ? -1 : 1));
  const over = result.find(({ quantity }) => quantity > MAX_QUANTITY);
  if (over) throw new DomainError('invalid', 'quantity-too-large', `More than ${MAX_QUANTITY} of ${over.sku}.`);
  return result;
}

/**
 * Reserves every line or none until then, from what the cart holds first and from what is available for the rest. Replaces what this order
 * had reserved, and never shortens it. Returns `undefined` if there is nothing to change. Throws `conflict`: `out-of-stock` naming all short
 * lines, `order-cancelled`.
 */
export function reserve(known: Known, order: Order, until: string): Decision | undefined {
  const { reservation, now } = known;
  if (reservation?.state === 'released' || reservation?.state === 'returned') throw orderCancelled();
  if (reservation && reservation.state !== 'held') return undefined;
  const standing = reservation && !hasLapsed(reservation.minute, now) ? reservation : undefined;
  const same = standing !== undefined && sameLines(standing, order);
  if (same && Date.parse(until) <= Date.parse(endOf(standing.minute))) return undefined;
  const minute = Math.max(minuteOf(until, now), standing?.minute ?? 0);
  const spent = spend(known, withoutReservation(known), order);
  const short = shortLines(spent.stocks, order, now);
  if (short.length > 0) throw outOfStock(short);
  const stocks = new Map(spent.stocks);
  for (const { sku, quantity } of order.lines) stocks.set(sku, take(stockOf(stocks, sku), { quantity, minute }, now));
  const next = { ...order, minute, state: 'held' as const, version: (reservation?.version ?? 0) + 1 };
  return { reservation: next, holds: spent.holds, stocks, movements: [], events: same ? [] : [tell(InventoryReserved, next)] };
}

/** Sells what a paid order reserved. If that has lapsed, or is not what was paid for, it is taken anew: all lines, or none and the order is short. */
export function commit(known: Known, order: Order): Decision | undefined {
  const { reservation, now } = known;
  if (reservation && reservation.state !== 'held') return undefined;
  const free = withoutReservation(known);
  const next = { ...order, minute: reservation?.minute ?? 0, version: (reservation?.version ?? 0) + 1 };
  const short = shortLines(free, order, now);
  if (short.length > 0) {
    const lines = order.lines.filter(({ sku }) => short.some((line) => line.sku === sku));
    return { reservation: { ...next, state: 'short' }, stocks: free, movements: [], events: [tell(InventoryShort, { ...next, lines })] };
  }
  const moved = moveAll(free, order, { type: 'sale', reason: 'order paid' }, now);
  return { ...moved, reservation: { ...next, state: 'committed' }, events: [tell(InventoryCommitted, next), ...moved.events] };
}

/** Gives back what a cancelled order reserved, or takes back what it bought. What is cancelled before it was reserved is never sold. */
export function cancel(known: Known, order: Order): Decision | undefined {
  const { reservation, now } = known;
  if (!reservation)
    return { reservation: { ...order, minute: 0, state: 'released', version: 1 }, stocks: new Map(), movements: [], events: [] };
  const next = { ...reservation, version: reservation.version + 1 };
  if (reservation.state === 'held') {
    const events = [tell(InventoryReleased, next)];
    return { reservation: { ...next, state: 'released' }, stocks: withoutReservation(known), movements: [], events };
  }
  if (reservation.state !== 'committed') return undefined;
  const moved = moveAll(known.stocks, reservation, { type: 'return', reason: 'order cancelled' }, now);
  return { ...moved, reservation: { ...next, state: 'returned' }, events: [tell(InventoryReturned, next), ...moved.events] };
}

const tell = (type: typeof InventoryReserved, { reference, version, lines }: Omit<Reservation, 'state' | 'minute'>): NewEvent =>
  type(reference, version, { reference, lines: [...lines] });

const orderCancelled = () => new DomainError('conflict', 'order-cancelled', 'This order was cancelled. Place a new one.');

const sameLines = (a: Order, b: Order) => isDeepStrictEqual(a.lines, b.lines);

/** The stocks as they are without what this reservation holds of them. */
function withoutReservation({ reservation, stocks, now }: Known): ReadonlyMap<string, Stock> {
  if (reservation?.state !== 'held') return stocks;
  const free = new Map(stocks);
  const { minute } = reservation;
  for (const { sku, quantity } of reservation.lines) free.set(sku, giveBack(stockOf(free, sku), { quantity, minute }, now));
  return free;
}

/** Ends as much of the cart's holds as the order asks for. */
function spend({ holds, now }: Known, stocks: ReadonlyMap<string, Stock>, { lines }: Order) {
  const free = new Map(stocks);
  let left = holds;
  for (const { sku, quantity } of lines) {
    const line = holds.lines.find((each) => each.sku === sku);
    if (!line) continue;
    const used = Math.min(line.quantity, quantity);
    free.set(sku, giveBack(stockOf(free, sku), { ...line, quantity: used }, now));
    left = replaced(left, { ...line, quantity: line.quantity - used }, now);
  }
  return { holds: left, stocks: free };
}

function shortLines(stocks: ReadonlyMap<string, Stock>, { lines }: Order, now: Date): ShortLine[] {
  return lines.flatMap(({ sku, quantity }) => {
    const stock = stocks.get(sku);
    const left = stock ? available(stock, now) : 0;
    return quantity > left ? [{ sku, requested: quantity, available: left }] : [];
  });
}

function moveAll(stocks: ReadonlyMap<string, Stock>, { reference, lines }: Order, why: Pick<Movement, 'type' | 'reason'>, now: Date) {
  const after = new Map(stocks);
  const movements: Movement[] = [];
  const events: NewEvent[] = [];
  for (const { sku, quantity } of lines) {
    const moved = move(stockOf(after, sku), { ...why, quantity, reference, by: null }, now);
    after.set(sku, moved.stock);
    movements.push(moved.movement);
    events.push(...moved.events);
  }
  return { stocks: after, movements, events };
}

const stockOf = (stocks: ReadonlyMap<string, Stock>, sku: string): Stock => found(stocks.get(sku), `The stock of ${sku}`);
