import { DomainError } from '@sidecart/chassis/errors';
import { derivedId } from '@sidecart/chassis/idempotency';
import type { NewEvent } from '@sidecart/contracts/event';
import type { Money } from '@sidecart/contracts/money';
import { PaymentFailed, PaymentRefunded, PaymentSucceeded, type CloseOutcome } from '@sidecart/contracts/payments';
import type { Charge } from './provider.js';
import type { PaymentStatus } from './schemas.js';

/** Every legal move of a payment. */
export const MOVES: Record<PaymentStatus, readonly PaymentStatus[]> = {
  processing: ['succeeded', 'failed'],
  succeeded: ['refunding'],
  failed: [],
  refunding: ['refunded'],
  refunded: [],
};

/** One try to pay an order. Written before the provider is asked, so that what the provider did can always be found out. */
export interface Payment {
  id: string;
  orderId: string;
  userId: string;
  amount: Money;
  method: string;
  status: PaymentStatus;
  /** The provider's name for the charge, once it has answered. */
  reference: string | null;
  failure: { code: string } | null;
  /** Grows with each change. */
  version: number;
  createdAt: string;
  history: { from: PaymentStatus | null; to: PaymentStatus; at: string }[];
}

/** What is to be paid for an order. One payment at a time, and at most one that succeeds. */
export interface Bill {
  orderId: string;
  userId: string;
  total: Money;
  /** The order was cancelled or expires: no payment can begin, and money that still arrives goes back. */
  closed: boolean;
  /** The payment under way. */
  current: string | null;
  /** The payment that succeeded. */
  paid: string | null;
  attempts: string[];
}

export interface Settled {
  bill: Bill;
  payment: Payment;
  events: NewEvent[];
}

const MAX_ATTEMPTS = 20;

export function newBill({ orderId, userId, total }: Pick<Bill, 'orderId' | 'userId' | 'total'>): Bill {
  return { orderId, userId, total, closed: false, current: null, paid: null, attempts: [] };
}

/** The payment that a request without a key means: that under way, or that succeeded, or else the next. A double click is one payment. */
export function paymentIdOf({ orderId, current, paid, attempts }: Bill): string {
  return derivedId('attempt', orderId, current === null && paid === null ? attempts.length + 1 : attempts.length);
}

export const notPayable = () => new DomainError('conflict', 'order-not-payable', 'The order is paid, cancelled or past its deadline.');

/** The next payment of a bill. Refused while one is under way, and after one succeeded or the order was cancelled. */
export function begin(bill: Bill, id: string, method: string, at: string): { bill: Bill; payment: Payment } {
  if (bill.closed || bill.paid !== null) throw notPayable();
  if (bill.current !== null) throw new DomainError('conflict', 'payment-in-progress', 'Another payment of this order is under way.');
  if (bill.attempts.length >= MAX_ATTEMPTS)
    throw new DomainError('conflict', 'too-many-attempts', `An order can be tried to be paid ${MAX_ATTEMPTS} times.`);
  const { orderId, userId, total } = bill;
  const payment: Payment = {
    id,
    orderId,
    userId,
    amount: total,
    method,
    status: 'processing',
    reference: null,
    failure: null,
    version: 1,
    createdAt: at,
    history: [{ from: null, to: 'processing', at }],
  };
  return { bill: { ...bill, current: id, attempts: [...bill.attempts, id] }, payment };
}

/** What the provider has answered or told. It counts once; money for a cancelled order is to go back at once. */
export function settle(bill: Bill, payment: Payment, charge: Charge, at: string): Settled {
  if (payment.status !== 'processing') return { bill, payment, events: [] };
  if (charge.status === 'processing') return { bill, payment: refer(payment, charge.reference), events: [] };
  const known = { ...payment, reference: charge.reference };
  if (charge.status === 'failed') {
    const failed = move({ ...known, failure: { code: charge.code } }, 'failed', at);
    const event = PaymentFailed(failed.id, failed.version, { ...facts(failed), code: charge.code });
    return { bill: { ...bill, current: null }, payment: failed, events: [event] };
  }
  const succeeded = move(known, 'succeeded', at);
  const events = [PaymentSucceeded(succeeded.id, succeeded.version, facts(succeeded))];
  const paid = { ...bill, current: null, paid: payment.id };
  return { bill: paid, payment: bill.closed ? move(succeeded, 'refunding', at) : succeeded, events };
}

/** The order was cancelled. What was paid for it is to go back. */
export function close(bill: Bill, paid: Payment | undefined, at: string): { bill: Bill; payment: Payment | undefined } {
  if (bill.closed) return { bill, payment: paid };
  return { bill: { ...bill, closed: true }, payment: paid?.status === 'succeeded' ? move(paid, 'refunding', at) : paid };
}

/** Closes the bill of an order that expires, unless a payment has succeeded or is processing. */
export function closeUnpaid(bill: Bill): { bill: Bill; outcome: CloseOutcome } {
  if (bill.paid !== null) return { bill, outcome: { status: 'paid', paymentId: bill.paid, amount: bill.total } };
  if (bill.current !== null) return { bill, outcome: { status: 'processing' } };
  return { bill: bill.closed ? bill : { ...bill, closed: true }, outcome: { status: 'closed' } };
}

/** The provider has given the money back. */
export function refunded(payment: Payment, at: string): { payment: Payment; events: NewEvent[] } {
  if (payment.status === 'refunded') return { payment, events: [] };
  const done = move(payment, 'refunded', at);
  return { payment: done, events: [PaymentRefunded(done.id, done.version, facts(done))] };
}

function move(payment: Payment, to: PaymentStatus, at: string): Payment {
  const { status: from, version, history } = payment;
  if (!MOVES[from].includes(to)) throw new DomainError('conflict', 'illegal-move', `A payment that is ${from} cannot become ${to}.`);
  return { ...payment, status: to, version: version + 1, history: [...history, { from, to, at }] };
}

function refer(payment: Payment, reference: string): Payment {
  return payment.reference === reference ? payment : { ...payment, reference, version: payment.version + 1 };
}

const facts = ({ id, orderId, userId, amount }: Payment) => ({ paymentId: id, orderId, userId, amount });
