import { DomainError } from '@sidecart/chassis/errors';
import { MAX_LINES } from '@sidecart/contracts/common';
import type { NewEvent } from '@sidecart/contracts/event';
import { InventoryHeld, InventoryHoldLapsed, InventoryHoldReleased } from '@sidecart/contracts/inventory';
import { piecesOf } from '../stock/allocation.js';
import { endOf, hasLapsed } from '../stock/minutes.js';
import type { HeldPieces } from '../stock/stock.js';

/** What one cart holds. The stock of each SKU counts the same pieces. */
export interface Holds {
  lines: readonly HoldLine[];
  /** Grows with each change. */
  version: number;
}

export interface HoldLine extends HeldPieces {
  sku: string;
}

export const NO_HOLDS: Holds = { lines: [], version: 0 };

/** Twice the lines of a cart: the hold of a line may outlive the line. */
const MAX_HOLDS = 2 * MAX_LINES;

export const lineOf = ({ lines }: Holds, sku: string): HoldLine | undefined => lines.find((line) => line.sku === sku);

/**
 * Returns the holds with this line in place of that of its SKU, without empty and lapsed lines.
 * Throws `conflict` (`too-many-holds`).
 */
export function replaced(holds: Holds, line: HoldLine, now: Date): Holds {
  const others = holds.lines.filter(({ sku }) => sku !== line.sku);
  const lines = [...others, line].filter(({ from, minute }) => from.length > 0 && !hasLapsed(minute, now));
  if (lines.length > MAX_HOLDS) throw new DomainError('conflict', 'too-many-holds', `A cart can hold at most ${MAX_HOLDS} SKUs.`);
  return { lines, version: nextVersion(holds, now) };
}

/** Returns the holds without those that have lapsed. */
export function unlapsed(holds: Holds, now: Date): Holds {
  const lines = holds.lines.filter(({ minute }) => !hasLapsed(minute, now));
  return lines.length === holds.lines.length ? holds : { lines, version: nextVersion(holds, now) };
}

/** Holds that are gone leave no version behind, so the next ones begin at the time in ms. */
const nextVersion = ({ version }: Holds, now: Date): number => Math.max(version + 1, now.getTime());

/**
 * Returns the event of the lines that have lapsed, for the change that drops them, so each lapse is
 * published once.
 */
export function lapseEvents(cartId: string, { lines }: Holds, after: Holds, now: Date): NewEvent[] {
  const lapsed = lines.filter(({ minute }) => hasLapsed(minute, now)).map(({ sku, from }) => ({ sku, quantity: piecesOf(from) }));
  return lapsed.length === 0 ? [] : [InventoryHoldLapsed(cartId, after.version, { cartId, lines: lapsed })];
}

/** Returns the event of a line that has replaced `before`, if anything has changed. */
export function holdEvents(cartId: string, before: HoldLine | undefined, line: HoldLine, after: Holds, now: Date): NewEvent[] {
  const quantity = piecesOf(line.from);
  const { sku } = line;
  if (quantity > 0) return [InventoryHeld(cartId, after.version, { cartId, sku, quantity, until: endOf(line.minute) })];
  if (!before || hasLapsed(before.minute, now)) return [];
  return [InventoryHoldReleased(cartId, after.version, { cartId, sku, quantity: piecesOf(before.from) })];
}

/** Returns the minute in which the next hold lapses. */
export const nextMinute = ({ lines }: Holds): number => Math.min(...lines.map(({ minute }) => minute));
