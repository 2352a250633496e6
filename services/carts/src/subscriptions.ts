import { randomUUID } from 'node:crypto';
import type { Logger } from '@sidecart/chassis/logger';
import type { Store } from '@sidecart/chassis/store';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import { CartCleared } from '@sidecart/contracts/carts';
import { UserDeleted, UserSignedIn } from '@sidecart/contracts/identity';
import { OrderPlaced } from '@sidecart/contracts/orders';
import { checkedOut, want } from './cart.js';
import { merge } from './merge.js';
import { customer } from './owner.js';
import { cartKey, type Carts } from './store.js';
import type { Update } from './update.js';

export interface SubscriptionDeps {
  store: Store;
  logger: Logger;
  carts: Carts;
  update: Update;
  now: () => Date;
}

export function cartSubscriptions({ store, logger, carts, update, now }: SubscriptionDeps): Subscriptions {
  const heard = subscriptions({ app: 'carts', logger });

  heard.on(UserSignedIn, async ({ id, data: { userId, cartSession } }) => {
    if (cartSession !== null) await merge(update, { session: cartSession, userId, once: id });
  });

  // What the person had put aside is for others again.
  heard.on(UserDeleted, async ({ data: { userId } }) => {
    const owner = customer(userId);
    await update({
      owners: [owner],
      plan: (cartOf) => cartOf(owner).items.map((item) => want(cartOf(owner), { ...item, quantity: 0 })),
      tell: (after) => [CartCleared(owner.cartId, after(owner).version, owner)],
    });
  });

  // The order has used up what the cart held of it.
  heard.on(OrderPlaced, async ({ data: { cart: ordered, lines } }) => {
    if (!ordered) return;
    const at = cartKey(ordered.cartId);
    const moment = { at: now(), fresh: randomUUID() };
    await store.transact([at], (docs) => {
      const cart = docs.get(at);
      if (cart?.checkoutId !== ordered.checkoutId) return { result: undefined };
      const rest = checkedOut(cart, lines, moment);
      const { cartId, userId, version } = rest;
      return { write: [carts.putCart(rest)], events: [CartCleared(cartId, version, { cartId, userId })], result: undefined };
    });
  });

  return heard;
}
