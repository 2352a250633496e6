import type { NewEvent } from '@sidecart/contracts/event';
import { AvailabilityChanged, InventoryBackInStock, InventoryLow, MAX_REPORTED, type Availability } from '@sidecart/contracts/inventory';
import { hasRoom, onHand, sellable, type Stock } from './stock.js';

/** Returns the availability of what there is to sell, or can be backordered. */
export function availability(stock: Stock): Availability {
  const pieces = sellable(stock);
  if (pieces > 0) return pieces <= stock.threshold ? 'low_stock' : 'in_stock';
  return hasRoom(stock) ? (stock.product.backorder?.kind ?? 'backorder') : 'out_of_stock';
}

export const LEVELS = ['ok', 'low', 'out'] as const;
export type Level = (typeof LEVELS)[number];

/** Returns how much there is to sell, as staff filter it. */
export function levelOf(stock: Stock): Level {
  const pieces = sellable(stock);
  if (pieces === 0) return 'out';
  return pieces <= stock.threshold ? 'low' : 'ok';
}

export interface Reported {
  stock: Stock;
  events: NewEvent[];
}

/**
 * Returns the stock after a change with the events that report it. Without `before` it is new. Its
 * version grows, except with holds, which no event reports.
 */
export function report(before: Stock | undefined, after: Stock): Reported {
  const changes = before ? changesOf(before, after) : [availabilityChanged];
  const isSilent = changes.length === 0 && before?.seq === after.seq && before.product === after.product;
  if (isSilent) return { stock: after, events: [] };
  const stock = { ...after, version: after.version + 1 };
  return { stock, events: changes.map((event) => event(stock)) };
}

type Report = (stock: Stock) => NewEvent;

function changesOf(before: Stock, after: Stock): Report[] {
  const [was, is] = [sellable(before), sellable(after)];
  return [
    ...(isReported(before, after) ? [availabilityChanged] : []),
    ...(is <= after.threshold && was > before.threshold ? [low] : []),
    ...(is > 0 && was === 0 ? [backInStock] : []),
  ];
}

/** Whether the availability has changed, or the locations, which the list of stock shows. */
const isReported = (before: Stock, after: Stock): boolean =>
  availability(before) !== availability(after) ||
  reportedQuantity(before) !== reportedQuantity(after) ||
  before.product.productId !== after.product.productId ||
  locationsOf(before) !== locationsOf(after);

const locationsOf = ({ places }: Stock): string =>
  places
    .map(({ location }) => location)
    .toSorted()
    .join();

const reportedQuantity = (stock: Stock): number => Math.min(sellable(stock), MAX_REPORTED);

function availabilityChanged(stock: Stock): NewEvent {
  const { sku, product, version } = stock;
  return AvailabilityChanged(sku, version, {
    sku,
    productId: product.productId,
    availability: availability(stock),
    quantity: reportedQuantity(stock),
  });
}

const low = (stock: Stock): NewEvent =>
  InventoryLow(stock.sku, stock.version, {
    sku: stock.sku,
    productId: stock.product.productId,
    onHand: onHand(stock),
    threshold: stock.threshold,
  });

const backInStock = (stock: Stock): NewEvent =>
  InventoryBackInStock(stock.sku, stock.version, {
    sku: stock.sku,
    productId: stock.product.productId,
    name: stock.product.name,
    quantity: sellable(stock),
  });
