import { createDeadlines } from '@sidecart/chassis/deadlines';
import type { App, Deps } from '@sidecart/chassis/service';
import { createCheckout, type Neighbours } from './checkout.js';
import type { Settings } from './config.js';
import { expire } from './order.js';
import { orderRoutes } from './routes.js';
import { openOrders } from './store.js';
import { orderSubscriptions } from './subscriptions.js';

export interface OrdersDeps extends Pick<Deps<Settings>, 'settings' | 'store' | 'logger'>, Neighbours {
  now?: () => Date;
}

export function createApp({ settings, store, logger, now = () => new Date(), ...neighbours }: OrdersDeps): App {
  const orders = openOrders(store);
  const deadlines = createDeadlines({
    store,
    name: 'payment',
    due: (id) => {
      const at = now().toISOString();
      return orders.update(id, (order) => expire(order, at));
    },
  });
  const checkOut = createCheckout({ settings, store, deadlines, now, ...neighbours });
  return {
    routes: [orderRoutes({ orders, checkOut, now })],
    subscriptions: orderSubscriptions({ orders, logger, now }),
    onCron: deadlines.drain,
  };
}
