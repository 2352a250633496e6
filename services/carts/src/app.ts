import type { App, Deps } from '@sidecart/chassis/service';
import { subscriptions } from '@sidecart/chassis/subscriptions';
import { cartCalls } from './cart/calls.js';
import { createChangeCarts } from './cart/change.js';
import { createHold, type Inventory } from './cart/hold.js';
import type { Catalog } from './cart/prices.js';
import { cartRoutes } from './cart/routes.js';
import { openCarts } from './cart/store.js';
import { subscribeCarts } from './cart/subscriptions.js';
import type { Settings } from './config.js';
import { mergeRoutes } from './merge/routes.js';
import { subscribeMerge } from './merge/subscriptions.js';

export interface CartsDeps extends Pick<Deps<Settings>, 'settings' | 'store' | 'logger'>, Catalog, Inventory {
  now?: () => Date;
}

export function createApp({ settings, store, logger, quote, hold, stock, now = () => new Date() }: CartsDeps): App {
  const carts = openCarts(store, settings);
  const changeCarts = createChangeCarts({ carts, hold: createHold({ hold, stock, minutes: settings.HOLD_MINUTES, now }) });
  const currency = settings.CURRENCY;
  const events = subscriptions({ app: 'carts', logger });
  subscribeCarts(events, { carts, changeCarts });
  subscribeMerge(events, changeCarts);
  return {
    routes: [cartRoutes({ carts, changeCarts, quote, currency }), mergeRoutes({ changeCarts, quote, currency }), cartCalls(carts)],
    subscriptions: events,
  };
}
