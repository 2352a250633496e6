import type { Subscriptions } from '@sidecart/chassis/subscriptions';
import { EmailChanged, UserDeleted } from '@sidecart/contracts/identity';
import { InventoryBackInStock } from '@sidecart/contracts/inventory';
import type { Subscribers } from './store.js';

/** Delivers what customers wait for, and follows what becomes of their accounts. */
export function subscribeSubscribers(events: Subscriptions, subscribers: Subscribers): void {
  events.on(InventoryBackInStock, ({ data: { sku } }) => subscribers.deliver(sku));
  events.on(EmailChanged, ({ data }) => subscribers.readdress(data.userId, data));
  events.on(UserDeleted, ({ data: { userId } }) => subscribers.erase(userId));
}
