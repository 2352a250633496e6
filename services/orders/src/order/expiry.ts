import { found } from '@sidecart/chassis/errors';
import type { Money } from '@sidecart/contracts/money';
import type { CloseOutcome } from '@sidecart/contracts/payments';
import { expire, pay } from './order.js';
import { awaitsPayment } from './states.js';
import type { Orders } from './store.js';

/** The service payments, as the expiry of an order calls it. */
export interface Payments {
  closeIntent: (input: { orderId: string; userId: string; total: Money }) => Promise<CloseOutcome>;
}

export interface ExpiryOptions extends Payments {
  orders: Orders;
  now: () => Date;
}

/**
 * While a payment is processing, payments is asked again after a minute, then twice as long, up to
 * this.
 */
const MAX_PAUSE_MS = 60 * 60_000;

/**
 * Handles the payment deadline of an order. Events can be late, so payments is asked to close the
 * payment intent, and its answer decides. Once the intent is closed no payment can begin, so the
 * order is cancelled. A payment that has succeeded counts as if its event had arrived.
 */
export function createExpiry({ orders, closeIntent, now }: ExpiryOptions) {
  /**
   * Returns after how many milliseconds to look at the order again, or `undefined` if it is paid or
   * cancelled. Throws if payments does not answer.
   */
  return async function expireUnpaid(id: string): Promise<number | undefined> {
    const order = found(await orders.read(id), 'The order');
    if (!awaitsPayment(order)) return undefined;
    const { buyer, total, payBy } = order;
    const outcome = await closeIntent({ orderId: id, userId: buyer.userId, total });
    if (outcome.status === 'processing') return Math.min(now().getTime() - Date.parse(payBy), MAX_PAUSE_MS);
    await orders.update(id, (order, at) => (outcome.status === 'paid' ? pay(order, outcome, at) : expire(order, at)));
    return undefined;
  };
}
