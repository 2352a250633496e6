import { found } from '@sidecart/chassis/errors';
import { key, put, remove, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { sellable } from '../stock/stock.js';
import { named, stockKey } from '../stock/store.js';
import { bucketOf, BUCKETS, dueEvent, subscribe, without, type Asked, type Subscriber } from './subscriber.js';

const subscriberKey = (userId: string): Key<Subscriber> => key('subscriber', userId);
/** The ids of some of the customers who wait for a SKU. */
const bucketKey = (sku: string, bucket: number): Key<readonly string[]> => key('subscribers', sku, bucket);

const ERASED: Subscriber = { email: '', name: '', skus: [], isErased: true };

export type Subscribers = ReturnType<typeof openSubscribers>;

export function openSubscribers(store: Store) {
  /**
   * Publishes a notice for each customer who waits for a SKU, and ends their subscriptions. Does
   * nothing if the SKU is out of stock again: then they go on waiting.
   */
  async function deliver(sku: string): Promise<void> {
    const stock = await store.read(stockKey(sku));
    if (!stock || sellable(stock) === 0) return;
    const buckets = Array.from({ length: BUCKETS }, (_, bucket) => bucketKey(sku, bucket));
    const filled = await Promise.all(buckets.map((bucket) => store.read(bucket)));
    await Promise.all(buckets.filter((_, i) => filled[i] !== undefined).map((bucket) => empty(sku, bucket)));
  }

  function empty(sku: string, bucket: Key<readonly string[]>): Promise<void> {
    return store.transact([stockKey(sku), bucket], (docs) => {
      const stock = docs.get(stockKey(sku));
      const users = docs.get(bucket) ?? [];
      if (!stock || sellable(stock) === 0 || users.length === 0) return { result: undefined };
      const subscribers = docs.all(users.map(subscriberKey));
      const known = users.flatMap((userId, i) => {
        const subscriber = subscribers[i];
        return subscriber && !subscriber.isErased ? [{ userId, subscriber }] : [];
      });
      return {
        write: [remove(bucket), ...known.map(({ userId, subscriber }) => save(userId, without(subscriber, sku)))],
        events: known.map(({ userId, subscriber }) => dueEvent(stock, userId, subscriber)),
        result: undefined,
      };
    });
  }

  return {
    deliver,

    /** Subscribes a customer to a SKU. Throws `missing`, and what `subscribe` throws. */
    async subscribe(sku: string, asked: Asked): Promise<void> {
      const bucket = bucketKey(sku, bucketOf(asked.userId));
      await store.transact([stockKey(sku), bucket, subscriberKey(asked.userId)], (docs) => {
        const stock = found(docs.get(stockKey(sku)), named(sku));
        const after = subscribe(docs.get(subscriberKey(asked.userId)), docs.get(bucket) ?? [], stock, asked);
        return { write: [put(bucket, after.bucket), put(subscriberKey(asked.userId), after.subscriber)], result: undefined };
      });
      await deliver(sku); // pieces may have come in at the same moment
    },

    /** Ends a customer's subscription to a SKU. */
    unsubscribe(sku: string, userId: string): Promise<void> {
      const bucket = bucketKey(sku, bucketOf(userId));
      return store.transact([bucket, subscriberKey(userId)], (docs) => {
        const subscriber = docs.get(subscriberKey(userId));
        if (!subscriber?.skus.includes(sku)) return { result: undefined };
        return { write: [leave(bucket, docs.get(bucket) ?? [], userId), save(userId, without(subscriber, sku))], result: undefined };
      });
    },

    /** Schedules a customer's new address. */
    readdress(userId: string, { email, name }: Pick<Subscriber, 'email' | 'name'>): Promise<void> {
      return store.transact([subscriberKey(userId)], (docs) => {
        const subscriber = docs.get(subscriberKey(userId));
        if (!subscriber || subscriber.isErased) return { result: undefined };
        return { write: [put(subscriberKey(userId), { ...subscriber, email, name })], result: undefined };
      });
    },

    /** Erases a customer, for good. */
    erase(userId: string): Promise<void> {
      return store.transact([subscriberKey(userId)], (docs) => {
        const buckets = (docs.get(subscriberKey(userId))?.skus ?? []).map((sku) => bucketKey(sku, bucketOf(userId)));
        const left = docs.all(buckets).map((users, i): Write => leave(buckets[i] ?? '', users ?? [], userId));
        return { write: [...left, put(subscriberKey(userId), ERASED)], result: undefined };
      });
    },
  };
}

/** Keeps a subscriber while there is something to wait for. */
const save = (userId: string, subscriber: Subscriber): Write =>
  subscriber.skus.length === 0 ? remove(subscriberKey(userId)) : put(subscriberKey(userId), subscriber);

function leave(bucket: Key<readonly string[]>, users: readonly string[], userId: string): Write {
  const left = users.filter((each) => each !== userId);
  return left.length === 0 ? remove(bucket) : put(bucket, left);
}
