import { meter } from '@sidecart/chassis/metrics';
import type { Store } from '@sidecart/chassis/store';
import type { Envelope } from '@sidecart/contracts/event';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded, type OrderSnapshot } from '@sidecart/contracts/orders';

const orders = meter.createCounter('sidecart.orders', { unit: '{order}', description: 'Orders that became placed, paid and so on' });
const amounts = { unit: '{minor_unit}', description: 'Minor units of the currency, e.g. cents' };
const revenue = meter.createCounter('sidecart.revenue', amounts);
const refunds = meter.createCounter('sidecart.refunds', amounts);

/** Counts what the service's own events say: one for each move of an order. */
export function countOrders(store: Pick<Store, 'onCommit'>): void {
  for (const { type } of [OrderPlaced, OrderPaid, OrderCancelled, OrderRefunded]) orders.add(0, { status: statusIn(type) }); // a first one is a rise
  store.onCommit(({ type, data }: Envelope) => {
    if (!type.startsWith('order.')) return;
    orders.add(1, { status: statusIn(type) });
    const money = { [OrderPaid.type]: revenue, [OrderRefunded.type]: refunds }[type];
    const { total } = data as OrderSnapshot; // which order.ts made
    money?.add(total.amount, { currency: total.currency });
  });
}

const statusIn = (type: string) => type.slice('order.'.length);
