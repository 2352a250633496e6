import type { Subscriptions } from '@sidecart/chassis/subscriptions';
import { AvailabilityChanged } from '@sidecart/contracts/inventory';
import type { Products } from './store.js';

export interface SubscriptionOptions {
  products: Products;
  /** Updates what lists show of a product. */
  refresh: (id: string) => Promise<void>;
}

export function subscribeProducts(events: Subscriptions, { products, refresh }: SubscriptionOptions): void {
  events.on(AvailabilityChanged, async ({ sequence, data: { sku, productId, availability } }) => {
    await products.saveAvailability(sku, { availability, sequence });
    await refresh(productId);
  });
}
