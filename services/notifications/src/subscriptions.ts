import type { Logger } from '@sidecart/chassis/logger';
import type { Store } from '@sidecart/chassis/store';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import type { EventType } from '@sidecart/contracts/event';
import {
  EmailChanged,
  IdentityLinked,
  IdentityUnlinked,
  PasswordChanged,
  PhoneChanged,
  RefreshTokenReused,
  TwoFactorChanged,
  UserDeleted,
  UserRegistered,
} from '@sidecart/contracts/identity';
import { InventorySubscriptionDue } from '@sidecart/contracts/inventory';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded, type OrderSnapshot } from '@sidecart/contracts/orders';
import {
  emailChanged,
  identityLinked,
  identityUnlinked,
  passwordChanged,
  phoneChanged,
  tokenReused,
  twoFactorOff,
  twoFactorOn,
  welcome,
} from './account-mails.js';
import { forget } from './forget.js';
import type { Template } from './message.js';
import { orderCancelled, orderPaid, orderPlaced, orderRefunded } from './order-mails.js';
import type { Content } from './render.js';
import type { Notice } from './sender.js';
import { backInStock } from './stock-mails.js';

const ORDER_MAILS: [EventType<OrderSnapshot>, Template, (order: OrderSnapshot) => Content][] = [
  [OrderPlaced, 'order-placed', orderPlaced],
  [OrderPaid, 'order-paid', orderPaid],
  [OrderCancelled, 'order-cancelled', orderCancelled],
  [OrderRefunded, 'order-refunded', orderRefunded],
];

export interface SubscriptionDeps {
  store: Store;
  enqueue: (notice: Notice) => Promise<void>;
  logger: Logger;
}

/** Sends one mail for each event that a person should know about. */
export function mailSubscriptions({ store, enqueue, logger }: SubscriptionDeps): Subscriptions {
  const send = (notice: Omit<Notice, 'channel'>) => enqueue({ ...notice, channel: 'email' });
  const events = subscriptions({ app: 'notifications', logger });

  events.on(UserRegistered, ({ id, data }) =>
    send({ id, to: data.email, template: 'welcome', reference: data.userId, userId: data.userId, ...welcome(data) }),
  );

  events.on(PasswordChanged, ({ id, data }) =>
    send({ id, to: data.email, template: 'password-changed', reference: data.userId, userId: data.userId, ...passwordChanged(data) }),
  );

  events.on(EmailChanged, ({ id, data }) =>
    send({ id, to: data.oldEmail, template: 'email-changed', reference: data.userId, userId: data.userId, ...emailChanged(data) }),
  );

  events.on(PhoneChanged, ({ id, data }) =>
    send({ id, to: data.email, template: 'phone-changed', reference: data.userId, userId: data.userId, ...phoneChanged(data) }),
  );

  events.on(TwoFactorChanged, ({ id, data }) => {
    const template = data.on ? 'two-factor-on' : 'two-factor-off';
    return send({
      id,
      to: data.email,
      template,
      reference: data.userId,
      userId: data.userId,
      ...(data.on ? twoFactorOn : twoFactorOff)(data),
    });
  });

  events.on(IdentityLinked, ({ id, data }) =>
    send({ id, to: data.email, template: 'identity-linked', reference: data.userId, userId: data.userId, ...identityLinked(data) }),
  );

  events.on(IdentityUnlinked, ({ id, data }) =>
    send({ id, to: data.email, template: 'identity-unlinked', reference: data.userId, userId: data.userId, ...identityUnlinked(data) }),
  );

  events.on(RefreshTokenReused, ({ id, data }) =>
    send({ id, to: data.email, template: 'token-reused', reference: data.userId, userId: data.userId, ...tokenReused(data) }),
  );

  for (const [type, template, content] of ORDER_MAILS) {
    events.on(type, ({ id, data }) =>
      send({ id, to: data.buyer.email, template, reference: data.orderId, userId: data.buyer.userId, ...content(data) }),
    );
  }

  events.on(InventorySubscriptionDue, ({ id, data }) => {
    const { userId, email } = data.subscriber;
    return send({ id, to: email, template: 'back-in-stock', reference: data.productId, userId, ...backInStock(data) });
  });

  events.on(UserDeleted, ({ data }) => forget(store, data.userId));

  return events;
}
