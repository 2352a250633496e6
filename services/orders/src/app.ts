import { createDeadlines } from '@sidecart/chassis/deadlines';
import type { App, Deps } from '@sidecart/chassis/service';
import { createStanding } from '@sidecart/chassis/standing';
import { createCheckout, type Neighbours } from './checkout.js';
import type { Settings } from './config.js';
import { createExpiry, type Payments } from './expiry.js';
import { orderRoutes } from './routes.js';
import { countOrders } from './metrics.js';
import { openOrders } from './store.js';
import { orderSubscriptions } from './subscriptions.js';

export interface OrdersDeps extends Pick<Deps<Settings>, 'settings' | 'store' | 'logger'>, Neighbours, Payments {
  now?: () => Date;
}

export function createApp({ settings, store, logger, now = () => new Date(), ...neighbours }: OrdersDeps): App {
  const orders = openOrders(store);
  countOrders(store);
  const due = createExpiry({ orders, closeBill: neighbours.closeBill, now });
  const deadlines = createDeadlines({ store, name: 'payment', due });
  const standing = createStanding(store);
  const checkOut = createCheckout({ settings, store, deadlines, standing, now, ...neighbours });
  const subscriptions = orderSubscriptions({ orders, logger, now });
  standing.listen(subscriptions);
  return {
    routes: [orderRoutes({ orders, checkOut, now })],
    subscriptions,
    onCron: deadlines.drain,
  };
}
