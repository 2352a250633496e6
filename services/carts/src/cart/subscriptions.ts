import { randomUUID } from 'node:crypto';
import type { Subscriptions } from '@sidecart/chassis/subscriptions';
import { CartCleared } from '@sidecart/contracts/carts';
import { UserDeleted } from '@sidecart/contracts/identity';
import { OrderPlaced } from '@sidecart/contracts/orders';
import { checkedOut, target } from './cart.js';
import type { ChangeCarts } from './change.js';
import { customer } from './owner.js';
import type { Carts } from './store.js';

export function subscribeCarts(events: Subscriptions, { carts, changeCarts }: { carts: Carts; changeCarts: ChangeCarts }): void {
  // Empties the cart and releases its holds.
  events.on(UserDeleted, async ({ data: { userId } }) => {
    const owner = customer(userId);
    await changeCarts({
      owners: [owner],
      plan: (cartOf) => cartOf(owner).items.map((item) => target(cartOf(owner), { ...item, quantity: 0 })),
      events: (after) => [CartCleared(owner.cartId, after(owner).version, owner)],
    });
  });

  // The order's reservation has used up the holds, so only the cart changes.
  events.on(OrderPlaced, async ({ data: { cart: ordered, lines } }) => {
    if (!ordered) return;
    const nextCheckoutId = randomUUID();
    await carts.update(ordered.cartId, (before, now) => {
      if (before.checkoutId !== ordered.checkoutId) return undefined;
      const cart = checkedOut(before, lines, { now, nextCheckoutId });
      const { cartId, userId, version } = cart;
      return { cart, events: [CartCleared(cartId, version, { cartId, userId })] };
    });
  });
}
