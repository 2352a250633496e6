import { DomainError } from '@sidecart/chassis/errors';
import { InventoryAdjusted } from '@sidecart/contracts/inventory';
import { byId, refuseUnlessActive, type Locations } from '../locations/location.js';
import { report, type Reported } from './report.js';
import { addPieces, forget, onHand, onHandAt, outOfStock, unheldAt, type Stock } from './stock.js';

export type MovementType = 'receive' | 'ship' | 'adjust' | 'transfer' | 'count' | 'sale' | 'return';

/** An entry of the ledger. */
export interface Movement {
  /** Counts from 1 without gaps. */
  seq: number;
  sku: string;
  location: string;
  type: MovementType;
  /** Negative if pieces leave. The quantities of a ledger add up to what is on hand. */
  quantity: number;
  /** On hand at the location. */
  before: number;
  after: number;
  /** On hand at all locations, after it. */
  balance: number;
  /** The id of the order, if an order caused it. */
  reference: string | null;
  reason: string;
  at: string;
  /** The id of the user, or null if an order caused it. */
  by: string | null;
}

export type Cause = Pick<Movement, 'location' | 'type' | 'quantity' | 'reference' | 'reason' | 'by'>;

/** Moves pieces in, or out if negative. The caller checks that those are not held. */
export function move(stock: Stock, cause: Cause, now: Date): { stock: Stock; movement: Movement } {
  const before = onHandAt(stock, cause.location);
  const moved = { ...addPieces(forget(stock, now), cause.location, cause.quantity), seq: stock.seq + 1 };
  const after = before + cause.quantity;
  const movement = { seq: moved.seq, sku: stock.sku, ...cause, before, after, balance: onHand(moved), at: now.toISOString() };
  return { stock: moved, movement };
}

/** What staff do to the stock of a SKU. */
export type Work =
  | { type: 'receive' | 'ship'; location: string; quantity: number }
  | { type: 'adjust'; location: string; change: number }
  | { type: 'transfer'; from: string; to: string; quantity: number }
  | { type: 'count'; location: string; counted: number };

export interface Worked extends Reported {
  movements: Movement[];
}

/**
 * Does what staff ask for. Throws `missing` for an unknown location, and `conflict`: `out-of-stock`
 * if it would take held pieces away, `count-below-held`, `location-inactive`.
 */
export function work(stock: Stock, asked: Work & { reason: string; by: string }, locations: Locations, now: Date): Worked {
  const { reason, by } = asked;
  let after = stock;
  const movements: Movement[] = [];
  for (const { location, quantity } of stepsOf(stock, asked, now)) {
    byId(locations, location);
    if (quantity > 0) refuseUnlessActive(locations, location);
    const moved = move(after, { type: asked.type, location, quantity, reference: null, reason, by }, now);
    after = moved.stock;
    movements.push(moved.movement);
  }
  const reported = report(stock, after);
  const adjusted = movements.map(({ sku, location, quantity, after }) =>
    InventoryAdjusted(sku, reported.stock.version, { sku, location, type: asked.type, change: quantity, onHand: after, reason }),
  );
  return { ...reported, events: [...adjusted, ...reported.events], movements };
}

/** Returns what moves where, negative if it leaves. */
function stepsOf(stock: Stock, asked: Work, now: Date): { location: string; quantity: number }[] {
  switch (asked.type) {
    case 'receive':
      return [{ location: asked.location, quantity: asked.quantity }];
    case 'ship':
      return [leaving(stock, asked.location, asked.quantity, now)];
    case 'adjust':
      return [asked.change < 0 ? leaving(stock, asked.location, -asked.change, now) : { location: asked.location, quantity: asked.change }];
    case 'transfer':
      return [leaving(stock, asked.from, asked.quantity, now), { location: asked.to, quantity: asked.quantity }];
    case 'count':
      return [counted(stock, asked.location, asked.counted, now)];
  }
}

function leaving(stock: Stock, location: string, quantity: number, now: Date) {
  const left = unheldAt(stock, location, now);
  if (quantity > left) throw outOfStock([{ sku: stock.sku, requested: quantity, available: left }]);
  return { location, quantity: -quantity };
}

function counted(stock: Stock, location: string, pieces: number, now: Date) {
  const before = onHandAt(stock, location);
  const held = before - unheldAt(stock, location, now);
  if (pieces >= held) return { location, quantity: pieces - before };
  const detail = `${held} pieces are held at ${location}, and a count cannot take them away. Count again when they are sold or released.`;
  throw new DomainError('conflict', 'count-below-held', detail);
}
