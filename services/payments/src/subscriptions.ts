import type { Logger } from '@sidecart/chassis/logger';
import { subscriptions } from '@sidecart/chassis/subscriptions';
import { OrderCancelled } from '@sidecart/contracts/orders';
import type { Cashier } from './cashier.js';

export function paymentSubscriptions({ cashier, logger }: { cashier: Cashier; logger: Logger }) {
  const events = subscriptions({ app: 'payments', logger });
  events.on(OrderCancelled, ({ data }) => cashier.closeBill(data));
  return events;
}
