import type { Logger } from '@sidecart/chassis/logger';
import { subscriptions } from '@sidecart/chassis/subscriptions';
import { InventoryShort } from '@sidecart/contracts/inventory';
import { PaymentFailed, PaymentRefunded, PaymentSucceeded } from '@sidecart/contracts/payments';
import { cancelShort, failPayment, pay, refund } from './order.js';
import type { Orders } from './store.js';

/** An order that is not there was not saved yet: the refusal has the event come again. */
export function orderSubscriptions({ orders, logger, now }: { orders: Orders; logger: Logger; now: () => Date }) {
  const events = subscriptions({ app: 'orders', logger });
  const time = () => now().toISOString();

  events.on(PaymentSucceeded, async ({ data }) => {
    const at = time();
    await orders.update(data.orderId, (order) => pay(order, data, at));
  });

  events.on(PaymentFailed, async ({ data: { orderId, paymentId, code } }) => {
    const at = time();
    await orders.update(orderId, (order) => failPayment(order, { paymentId, at, code }));
  });

  events.on(PaymentRefunded, async ({ data }) => {
    const at = time();
    await orders.update(data.orderId, (order) => refund(order, data, at));
  });

  events.on(InventoryShort, async ({ data }) => {
    const at = time();
    await orders.update(data.reference, (order) => cancelShort(order, at));
  });

  return events;
}
