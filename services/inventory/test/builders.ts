import type { Backorder } from '@sidecart/contracts/catalog';
import type { StockLine } from '@sidecart/contracts/common';
import { NO_HOLDS, type Holds } from '../src/holds/holds.js';
import { ONLY_DEFAULT, type Locations } from '../src/locations/location.js';
import type { Decision, Facts } from '../src/reservations/decision.js';
import type { Reservation } from '../src/reservations/reservation.js';
import { newStock, onHand, type Place, type ProductFacts, type Stock } from '../src/stock/stock.js';

/** Noon, in the middle of a minute, and times after it. */
export const NOON = new Date('2026-05-04T12:00:30.000Z');
export const MINUTE = Date.parse('2026-05-04T12:00:00.000Z') / 60_000;
export const after = (seconds: number, from = NOON) => new Date(from.getTime() + seconds * 1000);
export const until = (seconds: number, from = NOON) => after(seconds, from).toISOString();

export const aProduct = (change: Partial<ProductFacts> = {}): ProductFacts => ({
  productId: 'p1',
  name: 'Tea',
  backorder: null,
  sequence: 1,
  at: NOON.toISOString(),
  ...change,
});

interface StockChange extends Partial<Omit<Stock, 'product'>> {
  /** At the default location. */
  onHand?: number;
  backorder?: Backorder | null;
}

/** The stock of TEA with 10 pieces at the default location. */
export const aStock = ({ sku = 'TEA', onHand = 10, backorder = null, ...change }: StockChange = {}): Stock => ({
  ...newStock(sku, aProduct({ backorder }), 5),
  places: onHand === 0 ? [] : [aPlace('default', onHand)],
  seq: 1,
  version: 1,
  ...change,
});

export const aPlace = (location: string, onHand: number): Place => ({ location, onHand, held: {} });

/** Pieces at the default location. */
export const pieces = (quantity: number) => (quantity === 0 ? [] : [{ location: 'default', quantity }]);

/** What a cart holds of a SKU. */
export const aHold = (quantity: number, minute = MINUTE + 15, sku = 'TEA') => ({ sku, from: pieces(quantity), minute });

/** The numbers of a stock: on hand at all locations, and held there by minute. */
export const numbersOf = (stock: Stock | undefined) =>
  stock && { onHand: onHand(stock), held: Object.assign({}, ...stock.places.map(({ held }) => held)) };

export const line = (sku: string, quantity: number): StockLine => ({ sku, quantity });

interface Given {
  stocks?: Stock[];
  reservation?: Reservation | undefined;
  holds?: Holds;
  locations?: Locations;
  now?: Date;
}

export const aFacts = ({
  stocks = [aStock()],
  reservation,
  holds = NO_HOLDS,
  locations = ONLY_DEFAULT,
  now = NOON,
}: Given = {}): Facts => ({
  stocks: new Map(stocks.map((stock) => [stock.sku, stock])),
  reservation,
  holds,
  locations,
  now,
});

/** The facts after a decision that was based on `facts`. */
export const factsAfter = (decision: Decision | undefined, now = NOON, facts = aFacts({ stocks: [] })): Facts => {
  if (!decision) throw new Error('nothing was decided');
  const { reservation, holds = NO_HOLDS } = decision;
  return { ...facts, stocks: new Map([...facts.stocks, ...decision.stocks]), reservation, holds, now };
};
