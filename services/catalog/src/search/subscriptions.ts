import type { Subscriptions } from '@sidecart/chassis/subscriptions';
import {
  CategoryCreated,
  CategoryDeleted,
  CategoryUpdated,
  ProductCreated,
  ProductDeleted,
  ProductUpdated,
} from '@sidecart/contracts/catalog';
import type { SearchIndex } from './search-index.js';

/** Catalog's own events, which update the index if the update after their commit has failed. */
export function subscribeSearch(events: Subscriptions, index: SearchIndex): void {
  for (const type of [ProductCreated, ProductUpdated]) events.on(type, ({ data }) => index.refresh(data.productId));
  events.on(ProductDeleted, ({ data }) => index.refresh(data.productId));
  for (const type of [CategoryCreated, CategoryUpdated]) events.on(type, () => index.refreshTree());
  events.on(CategoryDeleted, () => index.refreshTree());
}
