import { DomainError } from '@sidecart/chassis/errors';
import type { NewEvent } from '@sidecart/contracts/event';
import {
  AvailabilityChanged,
  InventoryAdjusted,
  InventoryLow,
  MAX_REPORTED,
  type Availability,
  type ShortLine,
} from '@sidecart/contracts/inventory';
import { recount, total, withoutLapsed, type Counts } from './minutes.js';

/** The stock of one SKU. Invariant: 0 <= guestHeld <= held <= onHand. */
export interface Stock {
  sku: string;
  productId: string;
  onHand: number;
  held: Counts;
  /** The held pieces that are in guests' carts. Missing in documents of version 0.1. */
  guestHeld?: Counts;
  /** Stock of this many pieces or fewer is low. */
  threshold: number;
  /** How many movements the ledger has. */
  seq: number;
  /** Grows with each change that events report. */
  version: number;
}

/** An entry of the ledger. */
export interface Movement {
  /** Counts from 1 without gaps. */
  seq: number;
  sku: string;
  type: 'in' | 'out' | 'sale' | 'return';
  /** Negative if pieces leave. The quantities of a ledger add up to what is on hand. */
  quantity: number;
  /** What is on hand after it. */
  balance: number;
  /** The id of the order, if an order caused it. */
  reference: string | null;
  reason: string;
  at: string;
  /** The id of the user, or null if an order caused it. */
  by: string | null;
}

/** A stock after a change, with the change's events and its movement, if it has one. */
export interface StockChange {
  stock: Stock;
  movement?: Movement;
  events: NewEvent[];
}

export type Moved = Required<StockChange>;

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
export interface HeldPieces {
  quantity: number;
  /** The minute in which the hold lapses. */
  minute: number;
  /** A hash of the client's address, if a guest's cart holds them. */
  guestAddress?: string;
}

export const held = (stock: Stock, now: Date): number => total(stock.held, now);

export const guestHeld = ({ guestHeld = {} }: Stock, now: Date): number => total(guestHeld, now);

export const available = (stock: Stock, now: Date): number => stock.onHand - held(stock, now);

/**
 * Returns the availability of what is on hand. Holds do not count: they make nothing look sold out.
 */
export function availability({ onHand, threshold }: Stock): Availability {
  if (onHand === 0) return 'out_of_stock';
  return onHand <= threshold ? 'low_stock' : 'in_stock';
}

/** Holds pieces. The caller checks that they are available. */
export const hold = (stock: Stock, pieces: HeldPieces, now: Date): Stock => rehold(stock, pieces, pieces.quantity, now);

/** Releases held pieces. Changes nothing if their hold has lapsed. */
export const release = (stock: Stock, pieces: HeldPieces, now: Date): Stock => rehold(stock, pieces, -pieces.quantity, now);

function rehold(stock: Stock, { minute, guestAddress }: HeldPieces, change: number, now: Date): Stock {
  const guestChange = guestAddress === undefined ? 0 : change;
  return {
    ...stock,
    held: recount(stock.held, minute, change, now),
    guestHeld: recount(stock.guestHeld ?? {}, minute, guestChange, now),
  };
}

/** Moves `quantity` pieces in or out. The caller checks that pieces to move out are available. */
export function move(stock: Stock, cause: Pick<Movement, 'type' | 'quantity' | 'reference' | 'reason' | 'by'>, now: Date): Moved {
  const quantity = cause.type === 'in' || cause.type === 'return' ? cause.quantity : -cause.quantity;
  const after = {
    ...stock,
    held: withoutLapsed(stock.held, now),
    guestHeld: withoutLapsed(stock.guestHeld ?? {}, now),
    onHand: stock.onHand + quantity,
    seq: stock.seq + 1,
    version: stock.version + 1,
  };
  const movement = { ...cause, seq: after.seq, sku: stock.sku, quantity, balance: after.onHand, at: now.toISOString() };
  return { stock: after, movement, events: changeEvents(stock, after) };
}

export interface Adjustment {
  type: 'in' | 'out';
  quantity: number;
  reason: string;
  by: string;
}

/**
 * Moves pieces in or out by hand. Throws `conflict` (`out-of-stock`) if it would move out held
 * pieces.
 */
export function adjust(stock: Stock, adjustment: Adjustment, now: Date): Moved {
  const left = available(stock, now);
  if (adjustment.type === 'out' && adjustment.quantity > left)
    throw outOfStock([{ sku: stock.sku, requested: adjustment.quantity, available: left }]);
  const { stock: after, movement, events } = move(stock, { ...adjustment, reference: null }, now);
  const adjusted = { sku: stock.sku, change: movement.quantity, onHand: after.onHand, reason: adjustment.reason };
  return { stock: after, movement, events: [InventoryAdjusted(stock.sku, after.version, adjusted), ...events] };
}

export function setThreshold(stock: Stock, threshold: number): StockChange {
  const after = { ...stock, threshold, version: stock.version + 1 };
  return { stock: after, events: changeEvents(stock, after) };
}

/** Assigns the stock to another product, which has taken over the SKU. */
export function handOver(stock: Stock, productId: string): StockChange {
  const after = { ...stock, productId, version: stock.version + 1 };
  return { stock: after, events: [availabilityChanged(after)] };
}

/**
 * Returns the events of a change: the availability if it or the reported quantity has changed, and
 * low stock if it has become low.
 */
function changeEvents(before: Stock, after: Stock): NewEvent[] {
  const { sku, productId, onHand, threshold, version } = after;
  const becameLow = onHand <= threshold && before.onHand > before.threshold;
  const isReported = availability(before) !== availability(after) || reportedQuantity(before) !== reportedQuantity(after);
  return [
    ...(isReported ? [availabilityChanged(after)] : []),
    ...(becameLow ? [InventoryLow(sku, version, { sku, productId, onHand, threshold })] : []),
  ];
}

const reportedQuantity = ({ onHand }: Stock): number => Math.min(onHand, MAX_REPORTED);

function availabilityChanged(stock: Stock): NewEvent {
  const { sku, productId, version } = stock;
  return AvailabilityChanged(sku, version, { sku, productId, availability: availability(stock), quantity: reportedQuantity(stock) });
}

export const outOfStock = (lines: ShortLine[]): DomainError =>
  new DomainError('conflict', 'out-of-stock', `There is not enough stock of ${lines.map(({ sku }) => sku).join(', ')}.`, { lines });
