import { DomainError } from '@sidecart/chassis/errors';
import type { NewEvent } from '@sidecart/contracts/event';
import type { Money } from '@sidecart/contracts/money';
import { PaymentRefunded } from '@sidecart/contracts/payments';

export const STATUSES = ['processing', 'succeeded', 'failed', 'refunding', 'refunded'] as const;
export type PaymentStatus = (typeof STATUSES)[number];

/** Every legal move of a payment. */
export const MOVES: Record<PaymentStatus, readonly PaymentStatus[]> = {
  processing: ['succeeded', 'failed'],
  succeeded: ['refunding'],
  failed: [],
  refunding: ['refunded'],
  refunded: [],
};

/**
 * One attempt to pay an order. Saved before the provider is asked, so that its outcome can always
 * be found out.
 */
export interface Payment {
  id: string;
  orderId: string;
  userId: string;
  amount: Money;
  /** The provider's id of the payment method. */
  method: string;
  status: PaymentStatus;
  /** The provider's id of the charge, once it has answered. */
  reference: string | null;
  failure: { code: string } | null;
  /** Grows with each change. */
  version: number;
  createdAt: string;
  history: { from: PaymentStatus | null; to: PaymentStatus; at: string }[];
}

export function newPayment(
  { id, orderId, userId, amount, method }: Pick<Payment, 'id' | 'orderId' | 'userId' | 'amount' | 'method'>,
  now: Date,
): Payment {
  const at = now.toISOString();
  const history = [{ from: null, to: 'processing' as const, at }];
  return { id, orderId, userId, amount, method, status: 'processing', reference: null, failure: null, version: 1, createdAt: at, history };
}

/** Records that the provider has refunded the payment. */
export function refunded(payment: Payment, now: Date): { payment: Payment; events: NewEvent[] } {
  if (payment.status === 'refunded') return { payment, events: [] };
  const after = moved(payment, 'refunded', now);
  return { payment: after, events: [PaymentRefunded(after.id, after.version, eventData(after))] };
}

/** Returns the payment with its new status. Throws `conflict` (`illegal-move`). */
export function moved(payment: Payment, to: PaymentStatus, now: Date): Payment {
  const { status: from, version, history } = payment;
  if (!MOVES[from].includes(to)) throw new DomainError('conflict', 'illegal-move', `A payment that is ${from} cannot become ${to}.`);
  return { ...payment, status: to, version: version + 1, history: [...history, { from, to, at: now.toISOString() }] };
}

/** Returns the payment with the provider's id of its charge. */
export const withReference = (payment: Payment, reference: string): Payment =>
  payment.reference === reference ? payment : { ...payment, reference, version: payment.version + 1 };

/** Returns what the events of a payment carry. */
export const eventData = ({ id, orderId, userId, amount }: Payment) => ({ paymentId: id, orderId, userId, amount });
