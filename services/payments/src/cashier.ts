import type { Standing } from '@sidecart/accounts/standing';
import { createDeadlines } from '@sidecart/chassis/deadlines';
import { DomainError, found } from '@sidecart/chassis/errors';
import { derivedId, keyReused } from '@sidecart/chassis/idempotency';
import type { Logger } from '@sidecart/chassis/logger';
import type { Store } from '@sidecart/chassis/store';
import type { OrderDue } from '@sidecart/contracts/orders';
import type { CloseOutcome } from '@sidecart/contracts/payments';
import type { z } from 'zod';
import { begin, close, closeUnpaid, newIntent, notPayable, paymentIdOf, recordOutcome, type PaymentIntent } from './intent.js';
import { refunded, type Payment } from './payment.js';
import type { Charge, Provider, ProviderEvent } from './provider.js';
import { intentKey, paymentKey, putIntent, putPayment } from './store.js';

type Due = z.infer<typeof OrderDue.output>;
type Payable = Pick<PaymentIntent, 'orderId' | 'userId' | 'total'>;

export interface PaymentRequest {
  orderId: string;
  paymentMethodId: string;
}

export interface CashierOptions {
  store: Store;
  standing: Standing;
  provider: Provider;
  logger: Logger;
  orderDue: (input: { orderId: string }) => Promise<Due>;
  now: () => Date;
}

export type Cashier = ReturnType<typeof createCashier>;

/**
 * A payment that is processing or refunding is followed up after this long, then after twice as
 * long, and so on.
 */
const FOLLOW_UP_MS = 60_000;
const MAX_FOLLOW_UP_MS = 60 * 60_000;

/**
 * Takes money and refunds it: save what the provider is about to be asked, ask it, save its answer.
 * After a crash in between, a repeated request or the deadline asks again; the provider does
 * nothing twice.
 */
export function createCashier({ store, standing, provider, logger, orderDue, now }: CashierOptions) {
  const deadlines = createDeadlines({ store, name: 'payment', due: followUp });
  const firstFollowUp = () => new Date(now().getTime() + FOLLOW_UP_MS);

  /**
   * Returns the payment as far as the provider has got with it. A declined card is a failed
   * payment, not an error.
   */
  async function pay(userId: string, request: PaymentRequest, idempotencyKey: string | undefined): Promise<Payment> {
    const keyedId = idempotencyKey === undefined ? undefined : derivedId('key', userId, idempotencyKey);
    const [repeated, due] = await Promise.all([
      keyedId === undefined ? undefined : store.read(paymentKey(keyedId)),
      orderDue({ orderId: request.orderId }),
      standing.check(userId),
    ]);
    if (repeated) return charge(sameRequest(repeated, request));
    if (due.userId !== userId) throw new DomainError('missing', 'not-found', 'The order was not found.');
    if (due.status !== 'pending' || Date.parse(due.payBy) <= now().getTime()) throw notPayable();
    return charge(await open(due, request, keyedId));
  }

  /** Saves a payment as processing, or returns the one that this request has opened before. */
  function open(due: Due, request: PaymentRequest, keyedId: string | undefined): Promise<Payment> {
    const later = firstFollowUp();
    const keys = [intentKey(due.orderId), deadlines.bucketKey(later), ...(keyedId === undefined ? [] : [paymentKey(keyedId)])];
    return store.transact(keys, (docs, now) => {
      const existing = keyedId === undefined ? undefined : docs.get(paymentKey(keyedId));
      if (existing) return { result: sameRequest(existing, request) };
      const before = docs.get(intentKey(due.orderId)) ?? newIntent(due);
      const id = keyedId ?? paymentIdOf(before);
      const clicked = id === before.current || id === before.paid ? docs.get(paymentKey(id)) : undefined;
      if (clicked?.method === request.paymentMethodId) return { result: clicked };
      const { intent, payment } = begin(before, id, request.paymentMethodId, now);
      return { write: [putIntent(intent), putPayment(payment), ...deadlines.schedule(docs, id, later)], result: payment };
    });
  }

  /**
   * Charges a payment that is processing, and saves the answer. Without an answer the payment is
   * followed up later.
   */
  async function charge(payment: Payment): Promise<Payment> {
    const { id: paymentId, amount, method, reference, status } = payment;
    if (status !== 'processing') return payment;
    const asked = reference === null ? provider.charge({ paymentId, amount, method }) : provider.retrieve(reference);
    const answer = await asked.catch(logUnanswered(paymentId));
    return answer ? saveOutcome(payment, answer) : payment;
  }

  async function saveOutcome({ id, orderId }: Payment, outcome: Charge): Promise<Payment> {
    const saved = await store.transact([paymentKey(id), intentKey(orderId)], (docs, now) => {
      const before = found(docs.get(paymentKey(id)), 'The payment');
      const { intent, payment, events } = recordOutcome(found(docs.get(intentKey(orderId)), 'The payment intent'), before, outcome, now);
      if (payment === before) return { result: payment };
      return { write: [putIntent(intent), putPayment(payment)], events, result: payment };
    });
    return refund(saved);
  }

  /**
   * Refunds a payment that is refunding, and saves that. Without an answer the payment is followed
   * up later.
   */
  async function refund(payment: Payment): Promise<Payment> {
    const { id: paymentId, amount, reference, status } = payment;
    if (status !== 'refunding' || reference === null) return payment;
    const done = await provider.refund({ paymentId, reference, amount }).then(() => true, logUnanswered(paymentId));
    if (!done) return payment;
    return store.transact([paymentKey(paymentId)], (docs, now) => {
      const before = found(docs.get(paymentKey(paymentId)), 'The payment');
      const { payment, events } = refunded(before, now);
      return { write: payment === before ? [] : [putPayment(payment)], events, result: payment };
    });
  }

  /**
   * Records what the provider reports. Ignores payments of other shops that have the same provider.
   */
  async function receive({ paymentId, charge }: ProviderEvent): Promise<void> {
    const payment = await store.read(paymentKey(paymentId));
    if (payment) await saveOutcome(payment, charge);
  }

  /**
   * Closes the intent of a cancelled order, creating it if missing, so that a payment on its way is
   * refused.
   */
  async function closeCancelled(order: Payable): Promise<void> {
    const later = firstFollowUp();
    const owed = await store.transact([intentKey(order.orderId)], (docs, now) => {
      const before = docs.get(intentKey(order.orderId)) ?? newIntent(order);
      const paid = before.paid === null ? undefined : docs.get(paymentKey(before.paid));
      const { intent, payment } = close(before, paid, now);
      if (intent === before) return { result: payment };
      const refunding = payment && payment !== paid ? [putPayment(payment), ...deadlines.schedule(docs, payment.id, later)] : [];
      return { write: [putIntent(intent), ...refunding], result: payment };
    });
    if (owed) await refund(owed);
  }

  /**
   * Closes the intent of an order that is about to expire, unless a payment has succeeded or still
   * may.
   */
  function closeIfUnpaid(order: Payable): Promise<CloseOutcome> {
    return store.transact([intentKey(order.orderId)], (docs) => {
      const before = docs.get(intentKey(order.orderId));
      const { intent, outcome } = closeUnpaid(before ?? newIntent(order));
      return { write: intent === before ? [] : [putIntent(intent)], result: outcome };
    });
  }

  /**
   * Returns after how many milliseconds to follow up the payment again, or `undefined` if it has
   * come to its end.
   */
  async function followUp(id: string): Promise<number | undefined> {
    const payment = found(await store.read(paymentKey(id)), 'The payment');
    const { status, createdAt } = await refund(await charge(payment));
    if (status !== 'processing' && status !== 'refunding') return undefined;
    return Math.min(now().getTime() - Date.parse(createdAt), MAX_FOLLOW_UP_MS);
  }

  const logUnanswered = (paymentId: string) => (error: unknown) => {
    logger.warn({ err: error, paymentId }, 'the payment provider did not answer; it will be asked again');
  };

  return { pay, receive, closeCancelled, closeIfUnpaid, onCron: deadlines.drain };
}

function sameRequest(payment: Payment, { orderId, paymentMethodId }: PaymentRequest): Payment {
  if (payment.orderId !== orderId || payment.method !== paymentMethodId) throw keyReused();
  return payment;
}
