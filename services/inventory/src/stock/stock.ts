import { DomainError } from '@sidecart/chassis/errors';
import type { Backorder } from '@sidecart/contracts/catalog';
import type { Allocation, ShortLine } from '@sidecart/contracts/inventory';
import type { Locations } from '../locations/location.js';
import { piecesOf, plus, ranked, split, within } from './allocation.js';
import { recount, sum, total, withoutLapsed, type Counts } from './minutes.js';

/** The stock of a SKU at one location. Invariant: 0 <= held <= onHand. */
export interface Place {
  location: string;
  onHand: number;
  held: Counts;
}

/** What a stock keeps of its product. */
export interface ProductFacts {
  productId: string;
  name: string;
  backorder: Backorder | null;
  /** The sequence and the time of the event that said so. */
  sequence: number;
  at: string;
}

/** The stock of one SKU. Invariant: 0 <= guestHeld <= what is held at all places together. */
export interface Stock {
  sku: string;
  product: ProductFacts;
  /** Those that have pieces. */
  places: readonly Place[];
  /** The held pieces that are in guests' carts. */
  guestHeld: Counts;
  /** Backordered pieces of unpaid orders. */
  promised: Counts;
  /** Backordered pieces of paid orders. */
  owed: number;
  /** How many tickets were issued to orders that wait, and how many of them are done. */
  tickets: number;
  served: number;
  /** Stock of this many pieces or fewer is low. */
  threshold: number;
  /** How many movements the ledger has. */
  seq: number;
  /** Grows with each change that events report. */
  version: number;
}

export const newStock = (sku: string, product: ProductFacts, threshold: number): Stock => ({
  sku,
  product,
  places: [],
  guestHeld: {},
  promised: {},
  owed: 0,
  tickets: 0,
  served: 0,
  threshold,
  seq: 0,
  version: 0,
});

export const onHand = ({ places }: Stock): number => places.reduce((sum, place) => sum + place.onHand, 0);

export const onHandAt = (stock: Stock, location: string): number => placeAt(stock, location).onHand;

export const held = ({ places }: Stock, now: Date): number => places.reduce((sum, place) => sum + total(place.held, now), 0);

export const guestHeld = (stock: Stock, now: Date): number => total(stock.guestHeld, now);

export const backordered = ({ promised, owed }: Stock, now: Date): number => total(promised, now) + owed;

/** Returns the pieces that nobody holds and no order waits for. */
export const available = (stock: Stock, now: Date): number => Math.max(0, piecesOf(unheld(stock, now)) - backordered(stock, now));

/**
 * Returns the pieces that a cart or an order can have on hand. It held `own` until now, and keeps
 * them though orders wait.
 */
export const availableTo = (stock: Stock, own: Allocation, now: Date): number =>
  Math.max(available(stock, now), piecesOf(within(own, unheld(stock, now))));

/** Returns the pieces that it can reserve: those on hand, and what can be backordered. */
export const orderableTo = (stock: Stock, own: Allocation, now: Date): number =>
  availableTo(stock, own, now) + room(stock, backordered(stock, now));

/** Returns the pieces that any order can reserve. */
export const orderable = (stock: Stock, now: Date): number => orderableTo(stock, [], now);

/**
 * Returns the pieces to sell: all on hand but those that orders wait for. Holds do not count, so
 * they make nothing look sold out. It depends on no clock, so that every change of it is seen.
 */
export const sellable = (stock: Stock): number => Math.max(0, onHand(stock) - waitedFor(stock));

/** Returns the pieces that orders wait for, on no clock. */
export const waitedFor = ({ owed, promised }: Stock): number => owed + sum(promised);

/** Whether more can be backordered, on no clock. */
export const hasRoom = (stock: Stock): boolean => room(stock, waitedFor(stock)) > 0;

const room = ({ product: { backorder } }: Stock, backordered: number): number =>
  backorder === null ? 0 : Math.max(0, backorder.limit - backordered);

/** Returns the pieces at each location that are not held. */
export const unheld = ({ places }: Stock, now: Date): Allocation =>
  places.flatMap(({ location, onHand, held }) => {
    const quantity = onHand - total(held, now);
    return quantity > 0 ? [{ location, quantity }] : [];
  });

export const unheldAt = (stock: Stock, location: string, now: Date): number =>
  unheld(stock, now).find((each) => each.location === location)?.quantity ?? 0;

/** By which rule pieces are taken. */
export interface Choice {
  locations: Locations;
  country: string | null;
  /** The pieces to take first, as far as they are not held. */
  prior?: Allocation;
}

/**
 * Chooses `quantity` pieces that are not held: first from `prior`, then at the nearest locations,
 * then where there are most. The caller checks that there are so many.
 */
export function allocate(stock: Stock, quantity: number, { locations, country, prior = [] }: Choice, now: Date): Allocation {
  const free = unheld(stock, now);
  const first = split(within(prior, free), quantity).taken;
  const others = free.map(({ location, quantity }) => ({
    location,
    quantity: quantity - piecesOf(first.filter((each) => each.location === location)),
  }));
  return plus(first, split(ranked(others, country, locations), quantity - piecesOf(first)).taken);
}

/** Pieces that a cart or an order holds. */
export interface HeldPieces {
  from: Allocation;
  /** The minute in which the hold lapses. */
  minute: number;
  /** A hash of the client's address, if a guest's cart holds them. */
  guestAddress?: string;
}

/** Holds pieces. The caller checks that they are not held. */
export const hold = (stock: Stock, pieces: HeldPieces, now: Date): Stock => rehold(stock, pieces, 1, now);

/** Releases held pieces. Changes nothing if their hold has lapsed. */
export const release = (stock: Stock, pieces: HeldPieces, now: Date): Stock => rehold(stock, pieces, -1, now);

function rehold(stock: Stock, { from, minute, guestAddress }: HeldPieces, sign: 1 | -1, now: Date): Stock {
  const places = stock.places.map((place) => {
    const pieces = piecesOf(from.filter(({ location }) => location === place.location));
    return pieces === 0 ? place : { ...place, held: recount(place.held, minute, sign * pieces, now) };
  });
  const guestChange = guestAddress === undefined ? 0 : sign * piecesOf(from);
  return {
    ...forget(stock, now),
    places: places.map((place) => unlapsed(place, now)),
    guestHeld: recount(stock.guestHeld, minute, guestChange, now),
  };
}

/** Promises pieces to an unpaid order until its minute, or takes back the promise if negative. */
export const promise = (stock: Stock, quantity: number, minute: number, now: Date): Stock => ({
  ...stock,
  promised: recount(stock.promised, minute, quantity, now),
});

/**
 * Drops what has lapsed. Every change does so; otherwise a slow clock would see more pieces held
 * than are on hand.
 */
export const forget = (stock: Stock, now: Date): Stock => ({
  ...stock,
  places: stock.places.map((place) => unlapsed(place, now)),
  guestHeld: withoutLapsed(stock.guestHeld, now),
  promised: withoutLapsed(stock.promised, now),
});

const unlapsed = (place: Place, now: Date): Place => ({ ...place, held: withoutLapsed(place.held, now) });

const placeAt = ({ places }: Stock, location: string): Place =>
  places.find((place) => place.location === location) ?? { location, onHand: 0, held: {} };

/** Returns the stock with `change` pieces more at a location, or fewer if negative. */
export function addPieces(stock: Stock, location: string, change: number): Stock {
  const place = placeAt(stock, location);
  const after = { ...place, onHand: place.onHand + change };
  const others = stock.places.filter((each) => each.location !== location);
  return { ...stock, places: after.onHand === 0 ? others : [...others, after] };
}

export const outOfStock = (lines: ShortLine[]): DomainError =>
  new DomainError('conflict', 'out-of-stock', `There is not enough stock of ${lines.map(({ sku }) => sku).join(', ')}.`, { lines });
