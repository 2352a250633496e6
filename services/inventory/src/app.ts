import type { App, Deps } from '@sidecart/chassis/service';
import { inventoryCalls } from './calls.js';
import type { Settings } from './config.js';
import { inventoryRoutes } from './routes.js';
import { openInventory } from './store.js';
import { inventorySubscriptions } from './subscriptions.js';

export function createApp({ settings, store, logger }: Pick<Deps<Settings>, 'settings' | 'store' | 'logger'>): App {
  const inventory = openInventory(store);
  const threshold = settings.LOW_STOCK_THRESHOLD;
  const limits = { percent: settings.GUEST_HOLD_PERCENT, pieces: settings.GUEST_HOLD_PIECES };
  return {
    routes: [inventoryRoutes({ store, inventory, threshold }), inventoryCalls({ inventory, limits })],
    subscriptions: inventorySubscriptions({ inventory, logger, threshold }),
  };
}
