import type { App, Deps } from '@sidecart/chassis/service';
import { cartCalls } from './calls.js';
import type { Settings } from './config.js';
import { createHold, type Inventory } from './hold.js';
import type { Catalog } from './prices.js';
import { cartRoutes } from './routes.js';
import { openCarts } from './store.js';
import { cartSubscriptions } from './subscriptions.js';
import { createUpdate } from './update.js';

export interface CartsDeps extends Pick<Deps<Settings>, 'settings' | 'store' | 'logger'>, Catalog, Inventory {
  now?: () => Date;
}

export function createApp({ settings, store, logger, quote, hold, stock, now = () => new Date() }: CartsDeps): App {
  const carts = openCarts(store, settings);
  const update = createUpdate({ carts, hold: createHold({ hold, stock, minutes: settings.HOLD_MINUTES, now }), now });
  return {
    routes: [cartRoutes({ carts, update, quote, currency: settings.CURRENCY }), cartCalls(carts)],
    subscriptions: cartSubscriptions({ store, logger, carts, update, now }),
  };
}
