import * as carts from './carts.js';
import * as catalog from './catalog.js';
import type { EventType } from './event.js';
import * as heartbeat from './heartbeat.js';
import * as identity from './identity.js';
import * as inventory from './inventory.js';
import * as orders from './orders.js';
import * as payments from './payments.js';

const isEvent = (value: unknown): value is EventType => typeof value === 'function' && 'type' in value && 'parse' in value;

/**
 * Every topic of the shop. There is one per type of event, so a service receives only what it
 * subscribes to.
 */
export const TOPICS: readonly string[] = [carts, catalog, heartbeat, identity, inventory, orders, payments]
  .flatMap((module) => Object.values<unknown>(module))
  .filter(isEvent)
  .map(({ type }) => type);

/** Every app id, as in `dapr.yaml`. */
export const APPS: readonly string[] = ['identity', 'catalog', 'inventory', 'carts', 'orders', 'payments', 'notifications'];
