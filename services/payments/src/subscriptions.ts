import type { Logger } from '@sidecart/chassis/logger';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import { OrderCancelled } from '@sidecart/contracts/orders';
import type { Cashier } from './cashier.js';

export function paymentSubscriptions({ cashier, logger }: { cashier: Cashier; logger: Logger }): Subscriptions {
  const events = subscriptions({ app: 'payments', logger });

  events.on(OrderCancelled, ({ data: { orderId, buyer, total } }) => cashier.closeCancelled({ orderId, userId: buyer.userId, total }));

  return events;
}
