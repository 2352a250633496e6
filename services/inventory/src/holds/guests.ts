import { DomainError } from '@sidecart/chassis/errors';
import { piecesOf } from '../stock/allocation.js';
import { hasLapsed, recount, secondsUntil, total, type Counts } from '../stock/minutes.js';
import { guestHeld, onHand, type Stock } from '../stock/stock.js';
import type { HoldLine } from './holds.js';

/** Limits on what guests hold, so that one script cannot hold all the stock of the shop. */
export interface GuestLimits {
  /**
   * The share of a SKU that all guests may hold together, in percent of what is on hand. At least
   * one piece.
   */
  percent: number;
  /** How many pieces of all SKUs the guests at one client address may hold together. */
  pieces: number;
}

/** What the guests at one client address hold. */
export interface AddressHolds {
  held: Counts;
}

/** How many pieces a guest's line may hold, and why it is no more. */
export interface GuestRoom {
  pieces: number;
  refusal: (lines: { sku: string; requested: number; available: number }[]) => DomainError;
}

/**
 * Returns the room in the share of guests. `free` is the stock without the line `before`. Keeping or
 * lowering a hold is always allowed.
 */
export function shareRoom(free: Stock, before: HoldLine | undefined, percent: number, now: Date): GuestRoom {
  const share = Math.max(1, Math.floor((onHand(free) * percent) / 100));
  return {
    pieces: Math.max(0, share - guestHeld(free, now), heldBy(before, now)),
    refusal: (lines) => {
      const detail = `That is more of ${free.sku} than guest carts can hold right now. Sign in to add it, or try again later.`;
      return new DomainError('conflict', 'guest-stock-limit', detail, { lines });
    },
  };
}

/** Returns the room at an address. `counts` include `before`, which may belong to another one. */
export function addressRoom(counts: Counts, address: string, before: HoldLine | undefined, limit: number, now: Date): GuestRoom {
  const own = before?.guestAddress === address ? before : undefined;
  return {
    pieces: Math.max(0, limit - total(withoutLine(counts, address, before, now), now), heldBy(own, now)),
    refusal: (lines) => {
      const detail = `Guest carts at your network address can hold at most ${limit} pieces together. Sign in to add more, or try again later.`;
      return new DomainError('limited', 'guest-hold-limit', detail, { lines, retryAfter: firstLapse(counts, now) });
    },
  };
}

/**
 * Returns what an address holds after `line` has replaced `before`, each of which may belong to
 * another address or to a customer.
 */
export function recountAddress(counts: Counts, address: string, before: HoldLine | undefined, line: HoldLine, now: Date): Counts {
  const freed = withoutLine(counts, address, before, now);
  return line.guestAddress === address ? recount(freed, line.minute, piecesOf(line.from), now) : freed;
}

/** Returns the addresses of these lines, each once. */
export const addressesOf = (...lines: (Pick<HoldLine, 'guestAddress'> | undefined)[]): string[] => [
  ...new Set(lines.flatMap((line) => line?.guestAddress ?? [])),
];

function withoutLine(counts: Counts, address: string, line: HoldLine | undefined, now: Date): Counts {
  return line?.guestAddress === address ? recount(counts, line.minute, -piecesOf(line.from), now) : counts;
}

/** Returns how many pieces a guest's line holds. */
const heldBy = (line: HoldLine | undefined, now: Date): number =>
  line?.guestAddress === undefined || hasLapsed(line.minute, now) ? 0 : piecesOf(line.from);

/** Returns the seconds until the first hold lapses, or 60 if there is none. */
function firstLapse(counts: Counts, now: Date): number {
  const minutes = Object.keys(counts).map(Number);
  const left = minutes.filter((minute) => !hasLapsed(minute, now));
  return left.length === 0 ? 60 : secondsUntil(Math.min(...left), now);
}
