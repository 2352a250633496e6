import { DomainError } from '@sidecart/chassis/errors';
import { derivedId } from '@sidecart/chassis/idempotency';
import type { NewEvent } from '@sidecart/contracts/event';
import type { Money } from '@sidecart/contracts/money';
import { PaymentFailed, PaymentSucceeded, type CloseOutcome } from '@sidecart/contracts/payments';
import { eventData, moved, newPayment, withReference, type Payment } from './payment.js';
import type { Charge } from './provider.js';

/** What is to be paid for an order. It has one payment at a time, and at most one that succeeds. */
export interface PaymentIntent {
  orderId: string;
  userId: string;
  total: Money;
  /**
   * The order is cancelled or expired: no payment can begin, and money that still arrives is
   * refunded.
   */
  closed: boolean;
  /** The payment in progress. */
  current: string | null;
  /** The payment that succeeded. */
  paid: string | null;
  attempts: string[];
}

const MAX_ATTEMPTS = 20;

export const newIntent = ({ orderId, userId, total }: Pick<PaymentIntent, 'orderId' | 'userId' | 'total'>): PaymentIntent => ({
  orderId,
  userId,
  total,
  closed: false,
  current: null,
  paid: null,
  attempts: [],
});

/**
 * Returns the id of the payment that a request without a key means: the one in progress or
 * succeeded, else the next one. So a double click is one payment.
 */
export function paymentIdOf({ orderId, current, paid, attempts }: PaymentIntent): string {
  return derivedId('attempt', orderId, current === null && paid === null ? attempts.length + 1 : attempts.length);
}

export const notPayable = () =>
  new DomainError('conflict', 'order-not-payable', 'This order cannot be paid: it is paid, cancelled or past its payment deadline.');

/**
 * Returns the intent with its next payment. Throws `conflict`: `order-not-payable` if it is closed
 * or paid, `payment-in-progress`, `too-many-attempts`.
 */
export function begin(intent: PaymentIntent, id: string, method: string, now: Date): { intent: PaymentIntent; payment: Payment } {
  if (intent.closed || intent.paid !== null) throw notPayable();
  if (intent.current !== null)
    throw new DomainError('conflict', 'payment-in-progress', 'Another payment of this order is in progress. Wait for its outcome.');
  if (intent.attempts.length >= MAX_ATTEMPTS)
    throw new DomainError('conflict', 'too-many-attempts', `This order has reached its limit of ${MAX_ATTEMPTS} payment attempts.`);
  const { orderId, userId, total: amount } = intent;
  const payment = newPayment({ id, orderId, userId, amount, method }, now);
  return { intent: { ...intent, current: id, attempts: [...intent.attempts, id] }, payment };
}

export interface Recorded {
  intent: PaymentIntent;
  payment: Payment;
  events: NewEvent[];
}

/**
 * Records what the provider says of a charge, once. A success on a closed intent is to be refunded.
 */
export function recordOutcome(intent: PaymentIntent, payment: Payment, charge: Charge, now: Date): Recorded {
  if (payment.status !== 'processing') return { intent, payment, events: [] };
  if (charge.status === 'processing') return { intent, payment: withReference(payment, charge.reference), events: [] };
  const charged = { ...payment, reference: charge.reference };
  if (charge.status === 'failed') {
    const failed = moved({ ...charged, failure: { code: charge.code } }, 'failed', now);
    const event = PaymentFailed(failed.id, failed.version, { ...eventData(failed), code: charge.code });
    return { intent: { ...intent, current: null }, payment: failed, events: [event] };
  }
  const succeeded = moved(charged, 'succeeded', now);
  const events = [PaymentSucceeded(succeeded.id, succeeded.version, eventData(succeeded))];
  const paid = { ...intent, current: null, paid: payment.id };
  return { intent: paid, payment: intent.closed ? moved(succeeded, 'refunding', now) : succeeded, events };
}

/**
 * Closes the intent of a cancelled order. `paid` is its succeeded payment, if any, and is to be
 * refunded.
 */
export function close(
  intent: PaymentIntent,
  paid: Payment | undefined,
  now: Date,
): { intent: PaymentIntent; payment: Payment | undefined } {
  if (intent.closed) return { intent, payment: paid };
  return { intent: { ...intent, closed: true }, payment: paid?.status === 'succeeded' ? moved(paid, 'refunding', now) : paid };
}

/** Closes the intent of an order that expires, unless a payment has succeeded or is processing. */
export function closeUnpaid(intent: PaymentIntent): { intent: PaymentIntent; outcome: CloseOutcome } {
  if (intent.paid !== null) return { intent, outcome: { status: 'paid', paymentId: intent.paid, amount: intent.total } };
  if (intent.current !== null) return { intent, outcome: { status: 'processing' } };
  return { intent: intent.closed ? intent : { ...intent, closed: true }, outcome: { status: 'closed' } };
}
