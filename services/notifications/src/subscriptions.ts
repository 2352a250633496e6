import type { Logger } from '@sidecart/chassis/logger';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import type { EventType } from '@sidecart/contracts/event';
import { UserRegistered } from '@sidecart/contracts/identity';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded, type OrderSnapshot } from '@sidecart/contracts/orders';
import type { Message } from './message.js';
import type { Notice } from './sender.js';
import { orderCancelled, orderPaid, orderPlaced, orderRefunded, welcome, type Content } from './templates.js';

const ORDER_MAILS: [EventType<OrderSnapshot>, Message['template'], (order: OrderSnapshot) => Content][] = [
  [OrderPlaced, 'order-placed', orderPlaced],
  [OrderPaid, 'order-paid', orderPaid],
  [OrderCancelled, 'order-cancelled', orderCancelled],
  [OrderRefunded, 'order-refunded', orderRefunded],
];

/** One mail for each event that a person should hear of. */
export function mailSubscriptions(send: (notice: Notice) => Promise<void>, logger: Logger): Subscriptions {
  const events = subscriptions({ app: 'notifications', logger });

  events.on(UserRegistered, ({ id, data }) => send({ id, to: data.email, template: 'welcome', reference: data.userId, ...welcome(data) }));

  for (const [type, template, content] of ORDER_MAILS) {
    events.on(type, ({ id, data }) => send({ id, to: data.buyer.email, template, reference: data.orderId, ...content(data) }));
  }

  return events;
}
