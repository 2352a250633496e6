import type { Logger } from '@sidecart/chassis/logger';
import type { Store } from '@sidecart/chassis/store';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import { ProductCreated } from '@sidecart/contracts/catalog';
import { OrderCancelled, OrderPaid } from '@sidecart/contracts/orders';
import { cancel, commit, merged } from './reservation.js';
import { handOver, newStock } from './stock.js';
import { putStock, settle, stockKey } from './store.js';

export function inventorySubscriptions({ store, logger, threshold }: { store: Store; logger: Logger; threshold: number }): Subscriptions {
  const heard = subscriptions({ app: 'inventory', logger });

  heard.on(ProductCreated, ({ data: { sku, productId } }) =>
    store.transact([stockKey(sku)], (docs) => {
      const known = docs.get(stockKey(sku));
      if (!known) return { write: [putStock(newStock(sku, productId, threshold))], result: undefined };
      if (known.productId === productId) return { result: undefined };
      const { stock, events } = handOver(known, productId);
      return { write: [putStock(stock)], events, result: undefined };
    }),
  );

  heard.on(OrderPaid, async ({ data: { orderId, lines } }) => {
    const order = { reference: orderId, lines: merged(lines) };
    await settle(store, order, { moves: true }, (known) => commit(known, order));
  });

  heard.on(OrderCancelled, async ({ data: { orderId, lines } }) => {
    const order = { reference: orderId, lines: merged(lines) };
    await settle(store, order, { moves: true }, (known) => cancel(known, order));
  });

  return heard;
}
