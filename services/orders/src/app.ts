import { createStanding } from '@sidecart/accounts/standing';
import { createDeadlines } from '@sidecart/chassis/deadlines';
import type { App, Deps } from '@sidecart/chassis/service';
import { createPlaceOrder, type Upstreams } from './checkout/place-order.js';
import { checkoutRoutes } from './checkout/routes.js';
import type { Settings } from './config.js';
import { orderCalls } from './order/calls.js';
import { createExpiry, type Payments } from './order/expiry.js';
import { countOrders } from './order/metrics.js';
import { orderRoutes } from './order/routes.js';
import { openOrders } from './order/store.js';
import { orderSubscriptions } from './order/subscriptions.js';

export interface OrdersDeps extends Pick<Deps<Settings>, 'settings' | 'store' | 'logger'>, Upstreams, Payments {
  now?: () => Date;
}

export function createApp({ settings, store, logger, closeIntent, now = () => new Date(), ...upstreams }: OrdersDeps): App {
  const orders = openOrders(store);
  countOrders(store);
  const deadlines = createDeadlines({ store, name: 'payment', due: createExpiry({ orders, closeIntent, now }) });
  const standing = createStanding(store);
  const placeOrder = createPlaceOrder({ settings, store, deadlines, standing, now, ...upstreams });
  const subscriptions = orderSubscriptions({ orders, logger });
  standing.listen(subscriptions);
  return {
    routes: [checkoutRoutes(placeOrder), orderRoutes(orders), orderCalls(orders)],
    subscriptions,
    onCron: deadlines.drain,
  };
}
