import type { App, Deps } from '@sidecart/chassis/service';
import { createCashier, type CashierOptions } from './cashier.js';
import { paymentRoutes } from './routes.js';
import { paymentSubscriptions } from './subscriptions.js';

export interface PaymentsDeps extends Pick<Deps<unknown>, 'store' | 'logger'>, Pick<CashierOptions, 'provider' | 'orderDue'> {
  now?: () => Date;
}

export function createApp({ store, logger, provider, orderDue, now = () => new Date() }: PaymentsDeps): App {
  const cashier = createCashier({ store, provider, logger, orderDue, now });
  return {
    routes: [paymentRoutes({ store, cashier, provider })],
    subscriptions: paymentSubscriptions({ cashier, logger }),
    onCron: cashier.onCron,
  };
}
