import type { App, Deps } from '@sidecart/chassis/service';
import { inventoryCalls } from './calls.js';
import type { Settings } from './config.js';
import { stockRoutes } from './routes.js';
import { inventorySubscriptions } from './subscriptions.js';

export function createApp({ settings, store, logger }: Pick<Deps<Settings>, 'settings' | 'store' | 'logger'>): App {
  const threshold = settings.LOW_STOCK_THRESHOLD;
  return {
    routes: [stockRoutes({ store, threshold }), inventoryCalls(store)],
    subscriptions: inventorySubscriptions({ store, logger, threshold }),
  };
}
