import type { Subscriptions } from '@sidecart/chassis/subscriptions';
import { AvailabilityChanged } from '@sidecart/contracts/inventory';
import type { StockIndex } from './stock-index.js';

/** Inventory's own events, which update the list of stock. */
export function subscribeList(events: Subscriptions, index: StockIndex): void {
  events.on(AvailabilityChanged, ({ data: { sku } }) => index.refresh(sku));
}
