import type { Logger } from '@sidecart/chassis/logger';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import type { EventType } from '@sidecart/contracts/event';
import { EmailChanged, PasswordChanged, RefreshTokenReused, TwoFactorChanged, UserRegistered } from '@sidecart/contracts/identity';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded, type OrderSnapshot } from '@sidecart/contracts/orders';
import type { Message } from './message.js';
import type { Notice } from './sender.js';
import { emailChanged, passwordChanged, tokenReused, twoFactorOff, twoFactorOn, welcome } from './account-mails.js';
import { orderCancelled, orderPaid, orderPlaced, orderRefunded, type Content } from './templates.js';

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

  events.on(PasswordChanged, ({ id, data }) =>
    send({ id, to: data.email, template: 'password-changed', reference: data.userId, ...passwordChanged(data) }),
  );

  events.on(EmailChanged, ({ id, data }) =>
    send({ id, to: data.oldEmail, template: 'email-changed', reference: data.userId, ...emailChanged(data) }),
  );

  events.on(TwoFactorChanged, ({ id, data }) => {
    const template = data.on ? 'two-factor-on' : 'two-factor-off';
    return send({ id, to: data.email, template, reference: data.userId, ...(data.on ? twoFactorOn : twoFactorOff)(data) });
  });

  events.on(RefreshTokenReused, ({ id, data }) =>
    send({ id, to: data.email, template: 'token-reused', reference: data.userId, ...tokenReused(data) }),
  );

  for (const [type, template, content] of ORDER_MAILS) {
    events.on(type, ({ id, data }) => send({ id, to: data.buyer.email, template, reference: data.orderId, ...content(data) }));
  }

  return events;
}
