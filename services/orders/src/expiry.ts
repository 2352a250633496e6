import { found } from '@sidecart/chassis/errors';
import type { Money } from '@sidecart/contracts/money';
import type { BillOutcome } from '@sidecart/contracts/payments';
import { expire, pay } from './order.js';
import type { Orders } from './store.js';

/** Payments, as an order that expires sees it. */
export interface Payments {
  closeBill: (input: { orderId: string; userId: string; total: Money }) => Promise<BillOutcome>;
}

export interface ExpiryOptions extends Payments {
  orders: Orders;
  now: () => Date;
}

/** While a payment is processing, payments is asked again after a minute, then twice as long, up to this. */
const MAX_PAUSE_MS = 60 * 60_000;

/**
 * What happens at the payment deadline of an order. Events can be late, so payments is asked to close
 * the bill, and its answer decides. Once the bill is closed no payment can begin, so the order is
 * cancelled. A payment that has succeeded counts as if its event had arrived.
 */
export function createExpiry({ orders, closeBill, now }: ExpiryOptions) {
  /**
   * Returns after how many milliseconds to look at the order again, or `undefined` if it is paid or
   * cancelled. Throws if payments does not answer.
   */
  return async function expireUnpaid(id: string): Promise<number | undefined> {
    const { status, buyer, total, payBy } = found(await orders.read(id), 'The order');
    if (status !== 'pending') return undefined;
    const outcome = await closeBill({ orderId: id, userId: buyer.userId, total });
    if (outcome.status === 'processing') return Math.min(now().getTime() - Date.parse(payBy), MAX_PAUSE_MS);
    const at = now().toISOString();
    await orders.update(id, (order) => (outcome.status === 'paid' ? pay(order, outcome, at) : expire(order, at)));
    return undefined;
  };
}
