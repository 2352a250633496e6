import { DomainError } from '@sidecart/chassis/errors';
import type { NewEvent } from '@sidecart/contracts/event';
import { AvailabilityChanged, InventoryAdjusted, InventoryLow, type Availability, type ShortLine } from '@sidecart/contracts/inventory';

const MINUTE_MS = 60_000;
const FARTHEST_MS = 24 * 60 * MINUTE_MS;

/** What there is of one SKU. Invariant: 0 <= held <= onHand. A minute is one since 1970; what is held until it lapses when it begins. */
export interface Stock {
  sku: string;
  productId: string;
  onHand: number;
  /** Pieces by the minute in which their hold lapses, so that the document stays small however many hold. */
  held: Readonly<Record<number, number>>;
  /** Low is this or less. */
  threshold: number;
  /** Movements so far. */
  seq: number;
  /** Grows with everything that others are told of this SKU. */
  version: number;
}

/** One entry of the ledger. */
export interface Movement {
  /** From 1, without gaps. */
  seq: number;
  sku: string;
  type: 'in' | 'out' | 'sale' | 'return';
  /** Negative for what goes out: the quantities of a ledger add up to what is on hand. */
  quantity: number;
  /** On hand after it. */
  balance: number;
  /** The order, if any. */
  reference: string | null;
  reason: string;
  at: string;
  /** The user who did it, null where an order did. */
  by: string | null;
}

export interface Moved {
  stock: Stock;
  movement: Movement;
  events: NewEvent[];
}

export const newStock = (sku: string, productId: string, threshold: number): Stock => ({
  sku,
  productId,
  onHand: 0,
  held: {},
  threshold,
  seq: 0,
  version: 0,
});

/** The minute in which a hold lapses: `until` rounded up, so that nothing lapses early. Throws `invalid` unless that is within 24 hours from now. */
export function minuteOf(until: string, now: Date): number {
  const end = Date.parse(until);
  if (end > now.getTime() && end <= now.getTime() + FARTHEST_MS) return Math.ceil(end / MINUTE_MS);
  throw new DomainError('invalid', 'until-out-of-range', 'A hold ends in the future, at most 24 hours ahead.');
}

export const endOf = (minute: number): string => new Date(minute * MINUTE_MS).toISOString();

export const hasLapsed = (minute: number, now: Date): boolean => minute * MINUTE_MS <= now.getTime();

export function held(stock: Stock, now: Date): number {
  const counts = Object.entries(stock.held).filter(([minute]) => !hasLapsed(Number(minute), now));
  return counts.reduce((sum, [, quantity]) => sum + quantity, 0);
}

export const available = (stock: Stock, now: Date): number => stock.onHand - held(stock, now);

/** From what is on hand alone: a hold makes nothing look sold out. */
export function availability({ onHand, threshold }: Stock): Availability {
  if (onHand === 0) return 'out_of_stock';
  return onHand <= threshold ? 'low_stock' : 'in_stock';
}

/** Holds pieces that are available until that minute. */
export const take = (stock: Stock, quantity: number, minute: number, now: Date): Stock => recount(stock, minute, quantity, now);

/** Ends a hold that was taken until that minute; changes nothing if it has lapsed. */
export const giveBack = (stock: Stock, quantity: number, minute: number, now: Date): Stock => recount(stock, minute, -quantity, now);

function recount(stock: Stock, minute: number, change: number, now: Date): Stock {
  return swept({ ...stock, held: { ...stock.held, [minute]: (stock.held[minute] ?? 0) + change } }, now);
}

/** The stock without what has lapsed: after every change no clock, not one that runs behind, sees more held than there is. */
function swept(stock: Stock, now: Date): Stock {
  const held = Object.entries(stock.held).filter(([minute, quantity]) => quantity > 0 && !hasLapsed(Number(minute), now));
  return { ...stock, held: Object.fromEntries(held) };
}

/** Puts `quantity` pieces in or takes them out. Taking out more than is available is for the caller to refuse. */
export function move(stock: Stock, by: Pick<Movement, 'type' | 'quantity' | 'reference' | 'reason' | 'by'>, now: Date): Moved {
  const quantity = by.type === 'in' || by.type === 'return' ? by.quantity : -by.quantity;
  const after = { ...swept(stock, now), onHand: stock.onHand + quantity, seq: stock.seq + 1, version: stock.version + 1 };
  const movement = { ...by, seq: after.seq, sku: stock.sku, quantity, balance: after.onHand, at: now.toISOString() };
  return { stock: after, movement, events: told(stock, after) };
}

export interface Adjustment {
  type: 'in' | 'out';
  quantity: number;
  reason: string;
  by: string;
}

/** A movement by hand. Throws `conflict` where it would take out what is held. */
export function adjust(stock: Stock, adjustment: Adjustment, now: Date): Moved {
  const left = available(stock, now);
  if (adjustment.type === 'out' && adjustment.quantity > left)
    throw outOfStock([{ sku: stock.sku, requested: adjustment.quantity, available: left }]);
  const { stock: after, movement, events } = move(stock, { ...adjustment, reference: null }, now);
  const adjusted = { sku: stock.sku, change: movement.quantity, onHand: after.onHand, reason: adjustment.reason };
  return { stock: after, movement, events: [InventoryAdjusted(stock.sku, after.version, adjusted), ...events] };
}

export function setThreshold(stock: Stock, threshold: number): { stock: Stock; events: NewEvent[] } {
  const after = { ...stock, threshold, version: stock.version + 1 };
  return { stock: after, events: told(stock, after) };
}

/** The stock of a product that took over the SKU of another: what is there is now its own. */
export function handOver(stock: Stock, productId: string): { stock: Stock; events: NewEvent[] } {
  const after = { ...stock, productId, version: stock.version + 1 };
  return { stock: after, events: [availabilityOf(after)] };
}

function told(before: Stock, after: Stock): NewEvent[] {
  const { sku, productId, onHand, threshold, version } = after;
  const low = onHand <= threshold && before.onHand > before.threshold;
  return [
    ...(availability(before) === availability(after) ? [] : [availabilityOf(after)]),
    ...(low ? [InventoryLow(sku, version, { sku, productId, onHand, threshold })] : []),
  ];
}

const availabilityOf = (stock: Stock) =>
  AvailabilityChanged(stock.sku, stock.version, { sku: stock.sku, productId: stock.productId, availability: availability(stock) });

export const outOfStock = (lines: ShortLine[]): DomainError =>
  new DomainError('conflict', 'out-of-stock', `There is not enough of ${lines.map(({ sku }) => sku).join(', ')}.`, { lines });
