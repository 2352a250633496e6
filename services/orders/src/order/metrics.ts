import { meter } from '@sidecart/chassis/metrics';
import type { Store } from '@sidecart/chassis/store';
import type { Envelope } from '@sidecart/contracts/event';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded, type OrderSnapshot } from '@sidecart/contracts/orders';

const orders = meter.createCounter('sidecart.orders', { unit: '{order}', description: 'Orders placed, paid, cancelled and refunded' });
const amounts = { unit: '{minor_unit}', description: 'Minor units of the currency, e.g. cents' };
const revenue = meter.createCounter('sidecart.revenue', amounts);
const refunds = meter.createCounter('sidecart.refunds', amounts);

/** Counts the events that orders publishes, and the money in them. */
export function countOrders(store: Pick<Store, 'onCommit'>): void {
  // Initialize to 0 so the first increment registers.
  for (const { type } of [OrderPlaced, OrderPaid, OrderCancelled, OrderRefunded]) orders.add(0, { status: statusIn(type) });
  store.onCommit(({ type, data }: Envelope) => {
    if (!type.startsWith('order.')) return;
    orders.add(1, { status: statusIn(type) });
    const money = { [OrderPaid.type]: revenue, [OrderRefunded.type]: refunds }[type];
    const { total } = data as OrderSnapshot; // every order event carries one
    money?.add(total.amount, { currency: total.currency });
  });
}

const statusIn = (type: string) => type.slice('order.'.length);
