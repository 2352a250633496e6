import type { NewEvent } from '@sidecart/contracts/event';
import type { Allocation } from '@sidecart/contracts/inventory';
import { ONLY_DEFAULT } from '../locations/location.js';
import { hasLapsed, type Counts } from '../stock/minutes.js';
import { report } from '../stock/report.js';
import { allocate, availableTo, hold, orderableTo, outOfStock, release, type Stock } from '../stock/stock.js';
import { addressesOf, addressRoom, recountAddress, shareRoom, type GuestLimits, type GuestRoom } from './guests.js';
import { holdEvents, lapseEvents, lineOf, replaced, type HoldLine, type Holds } from './holds.js';

/** What a cart wants to hold of a SKU. */
export interface Wish {
  cartId: string;
  sku: string;
  quantity: number;
  /** The minute in which the hold is to lapse. */
  minute: number;
  guestAddress?: string;
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
  holds: Holds;
  stock?: Stock;
  addresses: ReadonlyMap<string, Counts>;
  events: readonly NewEvent[];
}

/**
 * Replaces a cart's hold on a SKU, within the limits for guests. The hold covers pieces on hand, of
 * a SKU that can be backordered as many as there are. A SKU without stock has nothing to hold or
 * release. Throws `conflict`: `out-of-stock`, `too-many-holds`, `guest-stock-limit`; `limited`
 * (`guest-hold-limit`).
 */
export function setHold(limits: GuestLimits, { holds, stock, countsOf }: BeforeHold, wish: Wish, now: Date): HoldChange {
  const { cartId, sku, quantity, minute, guestAddress } = wish;
  const before = lineOf(holds, sku);
  if (quantity === 0 && (!before || !stock)) return { holds, addresses: new Map(), events: [] };
  if (!stock) throw outOfStock([{ sku, requested: quantity, available: 0 }]);
  const free = before ? release(stock, before, now) : stock;
  const rooms = guestAddress === undefined ? [] : roomsOf(limits, { free, before, counts: countsOf(guestAddress), guestAddress }, now);
  const own = before && !hasLapsed(before.minute, now) ? before.from : [];
  const pieces = covered(free, wish, own, rooms, now);
  const from = allocate(free, pieces, { locations: ONLY_DEFAULT, country: null, prior: own }, now);
  const line: HoldLine = { sku, from, minute, ...(guestAddress === undefined ? {} : { guestAddress }) };
  const after = replaced(holds, line, now);
  const reported = report(stock, hold(free, line, now));
  const recounted = (address: string) => recountAddress(countsOf(address), address, before, line, now);
  return {
    holds: after,
    stock: reported.stock,
    addresses: new Map(addressesOf(before, line).map((address) => [address, recounted(address)])),
    events: [...lapseEvents(cartId, holds, after, now), ...holdEvents(cartId, before, line, after, now), ...reported.events],
  };
}

interface GuestFacts {
  free: Stock;
  before: HoldLine | undefined;
  counts: Counts;
  guestAddress: string;
}

const roomsOf = (limits: GuestLimits, { free, before, counts, guestAddress }: GuestFacts, now: Date): GuestRoom[] => [
  shareRoom(free, before, limits.percent, now),
  addressRoom(counts, guestAddress, before, limits.pieces, now),
];

/** Returns how many pieces the hold covers. Throws the refusal if it may not have all and must. */
function covered(free: Stock, { sku, quantity }: Wish, own: Allocation, rooms: readonly GuestRoom[], now: Date): number {
  const left = orderableTo(free, own, now);
  if (quantity > left) throw outOfStock([{ sku, requested: quantity, available: left }]);
  if (free.product.backorder) return Math.min(quantity, availableTo(free, own, now), ...rooms.map(({ pieces }) => pieces));
  const tooSmall = rooms.find(({ pieces }) => quantity > pieces);
  if (tooSmall) throw tooSmall.refusal([{ sku, requested: quantity, available: tooSmall.pieces }]);
  return quantity;
}
