import { createDeadlines } from '@sidecart/chassis/deadlines';
import { DomainError, found } from '@sidecart/chassis/errors';
import { derivedId, keyReused } from '@sidecart/chassis/idempotency';
import type { Logger } from '@sidecart/chassis/logger';
import { put } from '@sidecart/chassis/state';
import type { Standing } from '@sidecart/chassis/standing';
import type { Store } from '@sidecart/chassis/store';
import type { OrderDue, OrderSnapshot } from '@sidecart/contracts/orders';
import type { CloseOutcome } from '@sidecart/contracts/payments';
import type { z } from 'zod';
import { begin, close, closeUnpaid, newBill, notPayable, paymentIdOf, refunded, settle, type Bill, type Payment } from './payment.js';
import type { Charge, Provider, ProviderEvent } from './provider.js';
import type { PayOrder } from './schemas.js';
import { billKey, paymentKey } from './store.js';

type Due = z.infer<typeof OrderDue.output>;

export interface CashierOptions {
  store: Store;
  standing: Standing;
  provider: Provider;
  logger: Logger;
  orderDue: (input: { orderId: string }) => Promise<Due>;
  now: () => Date;
}

export type Cashier = ReturnType<typeof createCashier>;

/** A payment that is processing or refunding is looked after this long from now, then after twice as long and so on. */
const PATIENCE_MS = 60_000;
const MAX_PATIENCE_MS = 60 * 60_000;

/**
 * How money is taken and given back: write down what will be asked of the provider, ask it, write down what it answered. A crash in between is
 * made good by asking again, by whoever repeats the request or by the deadline; the provider does nothing twice.
 */
export function createCashier({ store, standing, provider, logger, orderDue, now }: CashierOptions) {
  const deadlines = createDeadlines({ store, name: 'payment', due: lookAfter });
  const inAWhile = () => new Date(now().getTime() + PATIENCE_MS);

  async function pay(userId: string, request: PayOrder, idempotencyKey: string | undefined): Promise<Payment> {
    const id = idempotencyKey === undefined ? undefined : derivedId('key', userId, idempotencyKey);
    const [known, due] = await Promise.all([
      id === undefined ? undefined : store.read(paymentKey(id)),
      orderDue({ orderId: request.orderId }),
      standing.check(userId),
    ]);
    if (known) return ask(sameRequest(known, request));
    if (due.userId !== userId) throw new DomainError('missing', 'not-found', 'The order was not found.');
    if (due.status !== 'pending' || Date.parse(due.payBy) <= now().getTime()) throw notPayable();
    return ask(await open(due, request, id));
  }

  /** Writes the payment down as processing; a repeat finds it. */
  function open(due: Due, request: PayOrder, keyed: string | undefined): Promise<Payment> {
    const at = now().toISOString();
    const later = inAWhile();
    const keys = [billKey(due.orderId), deadlines.noteKey(later), ...(keyed === undefined ? [] : [paymentKey(keyed)])];
    return store.transact(keys, (docs) => {
      const known = keyed === undefined ? undefined : docs.get(paymentKey(keyed));
      if (known) return { result: sameRequest(known, request) };
      const before = docs.get(billKey(due.orderId)) ?? newBill(due);
      const id = keyed ?? paymentIdOf(before);
      const repeated = id === before.current || id === before.paid ? docs.get(paymentKey(id)) : undefined;
      if (repeated?.method === request.paymentMethodId) return { result: repeated };
      const { bill, payment } = begin(before, id, request.paymentMethodId, at);
      return { write: [...written(bill, payment), ...deadlines.note(docs, id, later)], result: payment };
    });
  }

  /** Asks the provider, the same however often, and saves the answer. Without one the payment stays as it is, and is looked after later. */
  async function ask(payment: Payment): Promise<Payment> {
    const { id: paymentId, amount, method, reference, status } = payment;
    if (status !== 'processing') return payment;
    const asked = reference === null ? provider.charge({ paymentId, amount, method }) : provider.retrieve(reference);
    const charge = await asked.catch(unanswered(paymentId));
    return charge ? save(payment, charge) : payment;
  }

  async function save({ id, orderId }: Payment, charge: Charge): Promise<Payment> {
    const at = now().toISOString();
    const saved = await store.transact([paymentKey(id), billKey(orderId)], (docs) => {
      const before = found(docs.get(paymentKey(id)), 'The payment');
      const { bill, payment, events } = settle(found(docs.get(billKey(orderId)), 'The bill'), before, charge, at);
      if (payment === before) return { result: payment };
      return { write: written(bill, payment), events, result: payment };
    });
    return giveBack(saved);
  }

  async function giveBack(payment: Payment): Promise<Payment> {
    const { id: paymentId, amount, reference, status } = payment;
    if (status !== 'refunding' || reference === null) return payment;
    const given = await provider.refund({ paymentId, reference, amount }).then(() => true, unanswered(paymentId));
    if (!given) return payment;
    const at = now().toISOString();
    return store.transact([paymentKey(paymentId)], (docs) => {
      const before = found(docs.get(paymentKey(paymentId)), 'The payment');
      const { payment: done, events } = refunded(before, at);
      return { write: done === before ? [] : [put(paymentKey(paymentId), done)], events, result: done };
    });
  }

  /** A webhook. Payments of another shop with the same provider are none of ours. */
  async function hear({ paymentId, charge }: ProviderEvent): Promise<void> {
    const payment = await store.read(paymentKey(paymentId));
    if (payment) await save(payment, charge);
  }

  /** The order was cancelled: a bill that is not there yet is made closed, so that a payment on its way is refused. */
  async function closeBill({ orderId, buyer: { userId }, total }: OrderSnapshot): Promise<void> {
    const at = now().toISOString();
    const later = inAWhile();
    const paid = await store.transact([billKey(orderId)], (docs) => {
      const before = docs.get(billKey(orderId)) ?? newBill({ orderId, userId, total });
      const settled = before.paid === null ? undefined : docs.get(paymentKey(before.paid));
      const { bill, payment } = close(before, settled, at);
      if (bill === before) return { result: payment };
      const owed = payment && payment !== settled ? [put(paymentKey(payment.id), payment), ...deadlines.note(docs, payment.id, later)] : [];
      return { write: [put(billKey(orderId), bill), ...owed], result: payment };
    });
    if (paid) await giveBack(paid);
  }

  /** The order is about to expire: closes its bill, unless a payment has succeeded or still may. */
  function closeIfUnpaid(due: Pick<Bill, 'orderId' | 'userId' | 'total'>): Promise<CloseOutcome> {
    return store.transact([billKey(due.orderId)], (docs) => {
      const before = docs.get(billKey(due.orderId));
      const { bill, outcome } = closeUnpaid(before ?? newBill(due));
      return { write: bill === before ? [] : [put(billKey(due.orderId), bill)], result: outcome };
    });
  }

  /** Returns after how many milliseconds the payment is to be looked after again, if it is. */
  async function lookAfter(id: string): Promise<number | undefined> {
    const payment = found(await store.read(paymentKey(id)), 'The payment');
    const { status, createdAt } = await giveBack(await ask(payment));
    if (status !== 'processing' && status !== 'refunding') return undefined;
    return Math.min(now().getTime() - Date.parse(createdAt), MAX_PATIENCE_MS);
  }

  const unanswered = (paymentId: string) => (error: unknown) => {
    logger.warn({ err: error, paymentId }, 'the provider did not answer; the payment is looked after later');
  };

  return { pay, hear, closeBill, closeIfUnpaid, onCron: deadlines.drain };
}

const written = (bill: Bill, payment: Payment) => [put(billKey(bill.orderId), bill), put(paymentKey(payment.id), payment)];

function sameRequest(payment: Payment, { orderId, paymentMethodId }: PayOrder): Payment {
  if (payment.orderId !== orderId || payment.method !== paymentMethodId) throw keyReused();
  return payment;
}
