import type { Logger } from '@sidecart/chassis/logger';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import {
  CategoryCreated,
  CategoryDeleted,
  CategoryUpdated,
  ProductCreated,
  ProductDeleted,
  ProductUpdated,
} from '@sidecart/contracts/catalog';
import { AvailabilityChanged } from '@sidecart/contracts/inventory';
import type { SearchIndex } from './search-index.js';
import type { Shelves } from './store.js';

export function listen({ shelves, index, logger }: { shelves: Shelves; index: SearchIndex; logger: Logger }): Subscriptions {
  const events = subscriptions({ app: 'catalog', logger });

  events.on(AvailabilityChanged, async ({ sequence, data: { sku, productId, availability } }) => {
    await shelves.learn(sku, { availability, sequence });
    await index.refresh(productId);
  });

  // The index was brought up to date right after the commit; where that failed, it is now.
  for (const type of [ProductCreated, ProductUpdated]) events.on(type, ({ data }) => index.refresh(data.productId));
  events.on(ProductDeleted, ({ data }) => index.refresh(data.productId));
  for (const type of [CategoryCreated, CategoryUpdated]) events.on(type, () => index.refreshTree());
  events.on(CategoryDeleted, () => index.refreshTree());
  return events;
}
