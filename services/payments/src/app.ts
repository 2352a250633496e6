import { createStanding } from '@sidecart/accounts/standing';
import type { App, Deps } from '@sidecart/chassis/service';
import { paymentCalls } from './calls.js';
import { createCashier, type CashierOptions } from './cashier.js';
import { paymentRoutes } from './routes.js';
import { paymentSubscriptions } from './subscriptions.js';

export interface PaymentsDeps extends Pick<Deps<unknown>, 'store' | 'logger'>, Pick<CashierOptions, 'provider' | 'orderDue'> {
  now?: () => Date;
}

export function createApp({ store, logger, provider, orderDue, now = () => new Date() }: PaymentsDeps): App {
  const standing = createStanding(store);
  const cashier = createCashier({ store, standing, provider, logger, orderDue, now });
  const subscriptions = paymentSubscriptions({ cashier, logger });
  standing.listen(subscriptions);
  return {
    routes: [paymentRoutes({ store, cashier, provider }), paymentCalls(cashier)],
    subscriptions,
    onCron: cashier.onCron,
    close: () => provider.close(),
  };
}
