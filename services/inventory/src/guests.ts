import { DomainError } from '@sidecart/chassis/errors';
import { setHold, type HoldLine, type Holds } from './holds.js';
import { hasLapsed, recount, secondsUntil, total, type Counts } from './minutes.js';
import { guestHeld, type Stock } from './stock.js';

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

/** The documents that a hold changes, before the change. */
export interface BeforeHold {
  holds: Holds;
  stock: Stock | undefined;
  /** Returns what the guests at an address hold. */
  countsOf: (address: string) => Counts;
}

/** The same documents after the change. */
export interface HoldChange {
  line: HoldLine;
  holds: Holds;
  stock?: Stock;
  addresses: Map<string, Counts>;
}

/**
 * Sets a cart's hold as `setHold` does, within the limits for guests. Throws what `setHold`,
 * `checkShare` and `recountAddress` throw.
 */
export function holdWithin(limits: GuestLimits, { holds, stock, countsOf }: BeforeHold, line: HoldLine, now: Date): HoldChange {
  const before = holds.lines.find(({ sku }) => sku === line.sku);
  const after = setHold(holds, stock, line, now);
  if (after.stock) checkShare(after.stock, before, line, limits.percent, now);
  const recounted = (address: string) => recountAddress(countsOf(address), address, before, line, limits.pieces, now);
  return { line, ...after, addresses: new Map(addressesOf(before, line).map((address) => [address, recounted(address)])) };
}

/**
 * Checks the stock after `line` has replaced `before`. Throws `conflict` (`guest-stock-limit`) if
 * the line raises what guests hold above their share.
 */
export function checkShare(stock: Stock, before: HoldLine | undefined, line: HoldLine, percent: number, now: Date): void {
  if (line.guestAddress === undefined) return;
  const share = Math.max(1, Math.floor((stock.onHand * percent) / 100));
  const room = Math.max(line.quantity - (guestHeld(stock, now) - share), heldBy(before, now));
  if (line.quantity <= room) return;
  const detail = `That is more of ${line.sku} than guest carts can hold right now. Sign in to add it, or try again later.`;
  throw new DomainError('conflict', 'guest-stock-limit', detail, { lines: [shortLine(line, room)] });
}

/**
 * Returns what an address holds after `line` has replaced `before`, each of which may belong to
 * another address or to a customer. Throws `limited` (`guest-hold-limit`) if the line raises it
 * above the limit.
 */
export function recountAddress(
  counts: Counts,
  address: string,
  before: HoldLine | undefined,
  line: HoldLine,
  limit: number,
  now: Date,
): Counts {
  const own = before?.guestAddress === address ? before : undefined;
  const freed = own ? recount(counts, own.minute, -own.quantity, now) : counts;
  if (line.guestAddress !== address) return freed;
  const room = Math.max(limit - total(freed, now), heldBy(own, now));
  if (line.quantity <= room) return recount(freed, line.minute, line.quantity, now);
  const detail = `Guest carts at your network address can hold at most ${limit} pieces together. Sign in to add more, or try again later.`;
  throw new DomainError('limited', 'guest-hold-limit', detail, { lines: [shortLine(line, room)], retryAfter: firstLapse(counts, now) });
}

/** Returns the addresses of these lines, each once. */
export const addressesOf = (...lines: (Pick<HoldLine, 'guestAddress'> | undefined)[]): string[] => [
  ...new Set(lines.flatMap((line) => line?.guestAddress ?? [])),
];

/** Returns how many pieces a guest's line holds. Keeping or lowering them is always allowed. */
const heldBy = (line: HoldLine | undefined, now: Date): number =>
  line?.guestAddress === undefined || hasLapsed(line.minute, now) ? 0 : line.quantity;

const shortLine = ({ sku, quantity }: HoldLine, room: number) => ({ sku, requested: quantity, available: Math.max(0, room) });

/** Returns the seconds until the first hold lapses, or 60 if there is none. */
function firstLapse(counts: Counts, now: Date): number {
  const minutes = Object.keys(counts).map(Number);
  const left = minutes.filter((minute) => !hasLapsed(minute, now));
  return left.length === 0 ? 60 : secondsUntil(Math.min(...left), now);
}
