import type { Logger } from '@sidecart/chassis/logger';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import { InventoryShort } from '@sidecart/contracts/inventory';
import { PaymentFailed, PaymentRefunded, PaymentSucceeded } from '@sidecart/contracts/payments';
import { cancelShort, failPayment, pay, refund } from './order.js';
import type { Orders } from './store.js';

/**
 * The events that move an order. One for an order that is not saved yet throws `missing`, so it is
 * delivered again.
 */
export function orderSubscriptions({ orders, logger }: { orders: Orders; logger: Logger }): Subscriptions {
  const events = subscriptions({ app: 'orders', logger });

  events.on(PaymentSucceeded, async ({ data }) => {
    await orders.update(data.orderId, (order, now) => pay(order, data, now));
  });

  events.on(PaymentFailed, async ({ data }) => {
    await orders.update(data.orderId, (order, now) => failPayment(order, data, now));
  });

  events.on(PaymentRefunded, async ({ data }) => {
    await orders.update(data.orderId, (order, now) => refund(order, data, now));
  });

  events.on(InventoryShort, async ({ data }) => {
    await orders.update(data.reference, (order, now) => cancelShort(order, now));
  });

  return events;
}
