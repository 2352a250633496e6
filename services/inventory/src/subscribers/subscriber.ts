import { DomainError } from '@sidecart/chassis/errors';
import { derivedId } from '@sidecart/chassis/idempotency';
import { InventorySubscriptionDue } from '@sidecart/contracts/inventory';
import type { NewEvent } from '@sidecart/contracts/event';
import { sellable, type Stock } from '../stock/stock.js';

/** A customer who waits for SKUs to be back in stock. */
export interface Subscriber {
  email: string;
  name: string;
  skus: readonly string[];
  /** Whether the account was deleted. It gets no subscriptions any more. */
  isErased: boolean;
}

/** The subscribers of a SKU are spread over documents, so many can subscribe at once. */
export const BUCKETS = 32;
const MAX_IN_BUCKET = 250;
const MAX_SKUS = 100;

export const bucketOf = (userId: string): number => Number.parseInt(derivedId(userId).slice(0, 2), 16) % BUCKETS;

export interface Subscribed {
  subscriber: Subscriber;
  bucket: readonly string[];
}

export interface Asked {
  userId: string;
  email: string;
  name: string;
}

/**
 * Subscribes a customer to a SKU. A repeat changes nothing but the address. Throws `conflict`:
 * `in-stock`, `too-many-subscriptions`; `forbidden` (`account-deleted`).
 */
export function subscribe(
  before: Subscriber | undefined,
  bucket: readonly string[],
  stock: Stock,
  { userId, email, name }: Asked,
): Subscribed {
  if (before?.isErased) throw new DomainError('forbidden', 'account-deleted', 'This account was deleted.');
  if (sellable(stock) > 0) throw new DomainError('conflict', 'in-stock', `${stock.sku} is in stock.`);
  const skus = [...new Set([...(before?.skus ?? []), stock.sku])];
  const users = [...new Set([...bucket, userId])];
  if (skus.length > MAX_SKUS) throw tooMany(`You are waiting for ${MAX_SKUS} products, the most allowed. Remove one of them first.`);
  if (users.length > MAX_IN_BUCKET) throw tooMany('Too many customers are waiting for this product. Try again later.');
  return { subscriber: { email, name, skus, isErased: false }, bucket: users };
}

const tooMany = (detail: string): DomainError => new DomainError('conflict', 'too-many-subscriptions', detail);

/** Returns the subscriber without the SKU. */
export const without = (subscriber: Subscriber, sku: string): Subscriber => ({
  ...subscriber,
  skus: subscriber.skus.filter((each) => each !== sku),
});

/** Returns the event that tells a subscriber that the SKU is back. */
export const dueEvent = ({ sku, product, version }: Stock, userId: string, { email, name }: Subscriber): NewEvent =>
  InventorySubscriptionDue(sku, version, { sku, productId: product.productId, name: product.name, subscriber: { userId, email, name } });
