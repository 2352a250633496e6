import { DomainError } from '@sidecart/chassis/errors';
import type { NewEvent } from '@sidecart/contracts/event';
import { AvailabilityChanged, InventoryAdjusted, InventoryLow, type Availability, type ShortLine } from '@sidecart/contracts/inventory';
import { recount, swept, total, type Counts } from './minutes.js';

/** What there is of one SKU. Invariant: 0 <= guestHeld <= held <= onHand. */
export interface Stock {
  sku: string;
  productId: string;
  onHand: number;
  held: Counts;
  /** Those of the held pieces that are in guests' carts. Missing in documents that version 0.1 wrote. */
  guestHeld?: Counts;
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
  guestHeld: {},
  threshold,
  seq: 0,
  version: 0,
});

/** Pieces that a cart or an order holds. */
export interface Held {
  quantity: number;
  /** The one in which the hold lapses. */
  minute: number;
  /** A hash of the client's address, if a guest's cart holds them. */
  guestAddress?: string;
}

export const held = (stock: Stock, now: Date): number => total(stock.held, now);

export const guestHeld = ({ guestHeld = {} }: Stock, now: Date): number => total(guestHeld, now);

export const available = (stock: Stock, now: Date): number => stock.onHand - held(stock, now);

/** From what is on hand alone: a hold makes nothing look sold out. */
export function availability({ onHand, threshold }: Stock): Availability {
  if (onHand === 0) return 'out_of_stock';
  return onHand <= threshold ? 'low_stock' : 'in_stock';
}

/** Holds pieces that are available. */
export const take = (stock: Stock, pieces: Held, now: Date): Stock => change(stock, pieces, pieces.quantity, now);

/** Ends a hold; changes nothing if it has lapsed. */
export const giveBack = (stock: Stock, pieces: Held, now: Date): Stock => change(stock, pieces, -pieces.quantity, now);

function change(stock: Stock, { minute, guestAddress }: Held, by: number, now: Date): Stock {
  const guests = guestAddress === undefined ? 0 : by;
  return {
    ...stock,
    held: recount(stock.held, minute, by, now),
    guestHeld: recount(stock.guestHeld ?? {}, minute, guests, now),
  };
}

/** Puts `quantity` pieces in or takes them out. Taking out more than is available is for the caller to refuse. */
export function move(stock: Stock, by: Pick<Movement, 'type' | 'quantity' | 'reference' | 'reason' | 'by'>, now: Date): Moved {
  const quantity = by.type === 'in' || by.type === 'return' ? by.quantity : -by.quantity;
  const after = {
    ...stock,
    held: swept(stock.held, now),
    guestHeld: swept(stock.guestHeld ?? {}, now),
    onHand: stock.onHand + quantity,
    seq: stock.seq + 1,
    version: stock.version + 1,
  };
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
