import type { Logger } from '@sidecart/chassis/logger';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import { ProductCreated } from '@sidecart/contracts/catalog';
import { OrderCancelled, OrderPaid } from '@sidecart/contracts/orders';
import { cancel, commit, mergedBySku } from './reservation.js';
import { handOver, newStock } from './stock.js';
import type { Inventory } from './store.js';

export interface SubscriptionOptions {
  inventory: Inventory;
  logger: Logger;
  /** The threshold of new stocks. */
  threshold: number;
}

export function inventorySubscriptions({ inventory, logger, threshold }: SubscriptionOptions): Subscriptions {
  const events = subscriptions({ app: 'inventory', logger });

  events.on(ProductCreated, async ({ data: { productId, variants } }) => {
    const create = (sku: string) =>
      inventory.update(sku, (stock) => {
        if (!stock) return { stock: newStock(sku, productId, threshold), events: [] };
        return stock.productId === productId ? { stock, events: [] } : handOver(stock, productId);
      });
    await Promise.all(variants.map(({ sku }) => create(sku)));
  });

  events.on(OrderPaid, async ({ data: { orderId, lines } }) => {
    const demand = { reference: orderId, lines: mergedBySku(lines) };
    await inventory.updateReservation(demand, { moves: true }, (facts) => commit(facts, demand));
  });

  events.on(OrderCancelled, async ({ data: { orderId, lines } }) => {
    const demand = { reference: orderId, lines: mergedBySku(lines) };
    await inventory.updateReservation(demand, { moves: true }, (facts) => cancel(facts, demand));
  });

  return events;
}
