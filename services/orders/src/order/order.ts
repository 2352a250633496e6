import { DomainError } from '@sidecart/chassis/errors';
import type { PostalAddress } from '@sidecart/contracts/address';
import type { NewEvent } from '@sidecart/contracts/event';
import type { Money } from '@sidecart/contracts/money';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded } from '@sidecart/contracts/orders';
import type { PricedLine } from '@sidecart/contracts/priced-line';
import { numberOf } from './number.js';
import { toSnapshot } from './snapshot.js';
import { awaitsPayment, MOVES, statusOf, type States } from './states.js';

type State = States[keyof States];

/** One entry of an order's history. */
export interface Move {
  state: keyof States;
  /** Null when the order was placed. */
  from: State | null;
  to: State;
  at: string;
  /** A user's id, or the part of the shop that moved it. */
  by: string;
  reason: string | null;
}

export interface FailedPayment {
  paymentId: string;
  at: string;
  /** The provider's reason, e.g. `card_declined`. */
  code: string;
}

export interface Totals {
  lines: PricedLine[];
  subtotal: Money;
  tax: Money;
  taxPercent: number;
  total: Money;
}

export interface Order extends Totals, States {
  id: string;
  number: string;
  /** Grows by one with each change. */
  version: number;
  buyer: { userId: string; email: string; name: string };
  /** The cart that became the order, if any. */
  cart: { cartId: string; checkoutId: string } | null;
  address: PostalAddress | null;
  note: string | null;
  placedAt: string;
  payBy: string;
  history: Move[];
  /** The payment that took the money, even if that was after the cancellation. */
  paymentId: string | null;
  failedPayments: FailedPayment[];
  /**
   * A hash of the request, if it had an Idempotency-Key. Another request with the same key has
   * another hash.
   */
  fingerprint: string | null;
}

/** An order after a change, with the change's events. The same order if nothing has changed. */
export interface Changed {
  order: Order;
  events: NewEvent[];
}

export type Placing = Totals & Pick<Order, 'id' | 'buyer' | 'cart' | 'address' | 'note' | 'payBy' | 'fingerprint'>;

type Cause = Pick<Move, 'by' | 'reason'>;

/** A payment of the whole order, as payments reports it. */
export interface Payment {
  paymentId: string;
  amount: Money;
}

const MAX_FAILED_PAYMENTS = 20;
const BY_PAYMENTS: Cause = { by: 'payments', reason: null };

/**
 * Returns a new order. Throws `unavailable` if its stock is no longer reserved long enough to pay
 * it.
 */
export function place(placing: Placing, now: Date): Changed {
  const at = now.toISOString();
  if (placing.payBy <= at)
    throw new DomainError('unavailable', 'reservation-lapsing', 'Saving the order took too long. Place it again.', { retryAfter: 60 });
  const order: Order = {
    ...placing,
    number: numberOf(placing.id),
    version: 1,
    life: 'open',
    payment: 'unpaid',
    fulfillment: 'unfulfilled',
    placedAt: at,
    history: [{ state: 'life', from: null, to: 'open', at, by: placing.buyer.userId, reason: null }],
    paymentId: null,
    failedPayments: [],
  };
  return { order, events: [OrderPlaced(order.id, order.version, toSnapshot(order))] };
}

/**
 * Records the payment. A cancelled order stays cancelled and has no event: payments refunds it
 * without being asked.
 */
export function pay(order: Order, payment: Payment, now: Date): Changed {
  if (order.paymentId === payment.paymentId) return unchanged(order);
  if (order.paymentId !== null) throw new DomainError('invalid', 'paid-twice', `Another payment has paid the order ${order.id}.`);
  const paid = paidBy(order, payment, now);
  return changed(order, paid, ...(paid.life === 'cancelled' ? [] : [OrderPaid]));
}

/** Records a failed payment. The order waits for another. */
export function failPayment(order: Order, { paymentId, code }: Pick<FailedPayment, 'paymentId' | 'code'>, now: Date): Changed {
  if (order.failedPayments.some((failed) => failed.paymentId === paymentId)) return unchanged(order);
  const failedPayments = [...order.failedPayments, { paymentId, at: now.toISOString(), code }].slice(-MAX_FAILED_PAYMENTS);
  return changed(order, { ...order, failedPayments });
}

/** Cancels an order before anything is shipped. If it is paid, payments refunds it on the event. */
export function cancel(order: Order, cause: Cause, now: Date): Changed {
  if (order.fulfillment !== 'unfulfilled' && order.fulfillment !== 'on_hold') throw illegal(order, 'cancelled');
  return changed(order, moved(order, 'life', 'cancelled', cause, now), OrderCancelled);
}

/** Cancels an order as a customer may: before its money is taken. */
export function cancelUnpaid(order: Order, cause: Cause, now: Date): Changed {
  if (order.payment === 'paid' || order.payment === 'partially_refunded') throw illegal(order, 'cancelled');
  return cancel(order, cause, now);
}

/** Cancels an order that is still unpaid at its deadline. */
export function expire(order: Order, now: Date): Changed {
  if (!awaitsPayment(order)) return unchanged(order);
  return cancel(order, { by: 'deadline', reason: 'payment deadline passed' }, now);
}

/** Cancels an order whose stock is gone. */
export function cancelShort(order: Order, now: Date): Changed {
  if (order.life === 'cancelled' || order.payment === 'refunded') return unchanged(order);
  return cancel(order, { by: 'inventory', reason: 'out of stock' }, now);
}

/**
 * Records that all the money went back, from an order that is cancelled or delivered. The event of
 * the payment may come later than that of its refund; then the order is paid first.
 */
export function refund(order: Order, payment: Payment, now: Date): Changed {
  if (order.paymentId !== null && order.paymentId !== payment.paymentId)
    throw new DomainError('invalid', 'other-payment', `Another payment has paid the order ${order.id}.`);
  refuseOtherAmount(order, payment.amount);
  if (order.payment === 'refunded') return unchanged(order);
  if (order.life === 'open' && order.fulfillment !== 'delivered') throw illegal(order, 'refunded');
  const paid = order.paymentId === null ? paidBy(order, payment, now) : order;
  return changed(order, moved(paid, 'payment', 'refunded', BY_PAYMENTS, now), OrderRefunded);
}

function paidBy(order: Order, { paymentId, amount }: Payment, now: Date): Order {
  refuseOtherAmount(order, amount);
  return { ...moved(order, 'payment', 'paid', BY_PAYMENTS, now), paymentId };
}

function moved<S extends keyof States>(order: Order, state: S, to: States[S], cause: Cause, now: Date): Order {
  const from = order[state];
  if (!MOVES[state][from].includes(to)) throw illegal(order, to);
  return { ...order, [state]: to, history: [...order.history, { state, from, to, at: now.toISOString(), ...cause }] };
}

function changed(before: Order, after: Order, ...types: (typeof OrderPaid)[]): Changed {
  const order = { ...after, version: before.version + 1 };
  return { order, events: types.map((type) => type(order.id, order.version, toSnapshot(order))) };
}

const unchanged = (order: Order): Changed => ({ order, events: [] });

const illegal = (order: Order, to: State) =>
  new DomainError('conflict', 'illegal-move', `An order that is ${statusOf(order)} cannot become ${to}.`);

function refuseOtherAmount({ id, total }: Order, { amount, currency }: Money): void {
  if (amount !== total.amount || currency !== total.currency)
    throw new DomainError('invalid', 'other-amount', `The amount is not the total of the order ${id}.`);
}
