import type { NewEvent } from '@sidecart/contracts/event';
import { NO_HOLDS, type Holds } from '../../src/holds/holds.js';
import { ONLY_DEFAULT, type Locations } from '../../src/locations/location.js';
import type { Decision, Facts } from '../../src/reservations/decision.js';
import { fill } from '../../src/reservations/fill.js';
import type { Reservation } from '../../src/reservations/reservation.js';
import type { Counts } from '../../src/stock/minutes.js';
import { work, type Movement, type Work } from '../../src/stock/movement.js';
import type { Reported } from '../../src/stock/report.js';
import { newStock, waitedFor, type Stock } from '../../src/stock/stock.js';
import { aProduct, NOON } from '../builders.js';

export const SKUS = ['CUP', 'HAT', 'TEA'];
export const PLACES = ['default', 'graz', 'vienna'];
const LOCATIONS: Locations = [
  ...ONLY_DEFAULT,
  { id: 'graz', name: 'Graz', countries: ['SI', 'AT'], active: true },
  { id: 'vienna', name: 'Vienna', countries: ['AT'], active: true },
];

/** A shop whose documents are maps. `now` is the latest time of any of its clocks. */
export interface Shop {
  stocks: Map<string, Stock>;
  holds: Map<string, Holds>;
  addresses: Map<string, Counts>;
  reservations: Map<string, Reservation>;
  /** The references of orders that wait, by SKU and ticket. */
  queues: Map<string, string[]>;
  ledger: Movement[];
  events: NewEvent[];
  /** What staff have moved, by SKU, as a simple sum. */
  moved: Map<string, number>;
  /** What was released of an order, by its reference and SKU. */
  released: Map<string, number>;
  now: Date;
}

/** How much can be backordered at first. */
const LIMITS = new Map([
  ['HAT', 12],
  ['TEA', 5],
]);

export function openShop(): Shop {
  const backorder = (sku: string) => ({ kind: 'backorder' as const, limit: LIMITS.get(sku) ?? 0 });
  const stocks = new Map(SKUS.map((sku) => [sku, newStock(sku, aProduct({ backorder: LIMITS.has(sku) ? backorder(sku) : null }), 5)]));
  const shop: Shop = {
    stocks,
    holds: new Map(),
    addresses: new Map(),
    reservations: new Map(),
    queues: new Map(SKUS.map((sku) => [sku, []])),
    ledger: [],
    events: [],
    moved: new Map(),
    released: new Map(),
    now: NOON,
  };
  for (const sku of SKUS) {
    staffWork(shop, sku, { type: 'receive', location: 'default', quantity: 4 }, NOON);
    staffWork(shop, sku, { type: 'receive', location: 'vienna', quantity: 2 }, NOON);
  }
  return shop;
}

export const factsOf = (shop: Shop, reference: string, cart: string, now: Date): Facts => ({
  stocks: shop.stocks,
  reservation: shop.reservations.get(reference),
  holds: shop.holds.get(cart) ?? NO_HOLDS,
  locations: LOCATIONS,
  now,
});

/** Saves a decision on an order. */
export function keep(shop: Shop, cart: string, decision: Decision | undefined): void {
  if (!decision) return;
  for (const [sku, stock] of decision.stocks) shop.stocks.set(sku, stock);
  if (decision.holds) shop.holds.set(cart, decision.holds);
  shop.reservations.set(decision.reservation.reference, decision.reservation);
  for (const sku of decision.queued) shop.queues.get(sku)?.push(decision.reservation.reference);
  shop.ledger.push(...decision.movements);
  shop.events.push(...decision.events);
}

/** Forgets what was released of an order that begins anew. */
export function beginAnew(shop: Shop, reference: string): void {
  for (const sku of SKUS) shop.released.delete(`${reference} ${sku}`);
}

export function keepReported(shop: Shop, { stock, events }: Reported): void {
  shop.stocks.set(stock.sku, stock);
  shop.events.push(...events);
}

/** Has staff move stock, and notes the difference in the simple sum. */
export function staffWork(shop: Shop, sku: string, asked: Work, now: Date): void {
  const stock = shop.stocks.get(sku);
  if (!stock) return;
  const counted = (location: string) => stock.places.find((place) => place.location === location)?.onHand ?? 0;
  const done = work(stock, { ...asked, reason: 'because', by: 'eve' }, LOCATIONS, now);
  const change = {
    receive: () => (asked.type === 'receive' ? asked.quantity : 0),
    ship: () => (asked.type === 'ship' ? -asked.quantity : 0),
    adjust: () => (asked.type === 'adjust' ? asked.change : 0),
    transfer: () => 0,
    count: () => (asked.type === 'count' ? asked.counted - counted(asked.location) : 0),
  }[asked.type]();
  shop.moved.set(sku, (shop.moved.get(sku) ?? 0) + change);
  keepReported(shop, done);
  shop.ledger.push(...done.movements);
}

/** Serves the queue of a SKU as the service does. */
export function fillQueue(shop: Shop, sku: string, now: Date): void {
  const stock = shop.stocks.get(sku);
  if (!stock || waitedFor(stock) === 0) return;
  const references = (shop.queues.get(sku) ?? []).slice(stock.served);
  const waiters = references.map((reference, i) => ({ ticket: stock.served + 1 + i, reservation: shop.reservations.get(reference) }));
  const { stock: after, reservations, movements, events } = fill(stock, waiters, LOCATIONS, now);
  keepReported(shop, { stock: after, events: [...events] });
  for (const reservation of reservations) shop.reservations.set(reservation.reference, reservation);
  shop.ledger.push(...movements);
}
