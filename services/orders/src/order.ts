import { DomainError } from '@sidecart/chassis/errors';
import type { Quoted } from '@sidecart/contracts/catalog';
import type { NewEvent } from '@sidecart/contracts/event';
import { MAX_AMOUNT, type Money } from '@sidecart/contracts/money';
import {
  OrderCancelled,
  OrderPaid,
  OrderPlaced,
  OrderRefunded,
  type OrderLine,
  type OrderSnapshot,
  type OrderStatus,
} from '@sidecart/contracts/orders';
import type { PostalAddress } from '@sidecart/contracts/address';

/** Every legal move of an order. Only an order whose money was taken becomes refunded: `refund` asks for the payment. */
export const MOVES: Record<OrderStatus, readonly OrderStatus[]> = {
  pending: ['paid', 'confirmed', 'cancelled'],
  confirmed: ['shipped', 'cancelled'],
  paid: ['shipped', 'cancelled'],
  shipped: ['delivered'],
  delivered: ['completed', 'refunded'],
  completed: ['refunded'],
  cancelled: ['refunded'],
  refunded: [],
};

export interface Move {
  /** null when the order was placed. */
  from: OrderStatus | null;
  to: OrderStatus;
  at: string;
  /** A person's id, or the part of the shop that did it. */
  by: string;
  reason: string | null;
}

export interface FailedPayment {
  paymentId: string;
  at: string;
  code: string;
}

/** What the lines cost. `taxPercent` of the subtotal is the tax, rounded half up. */
export interface Priced {
  lines: OrderLine[];
  subtotal: Money;
  tax: Money;
  taxPercent: number;
  total: Money;
}

export interface Order extends Priced {
  id: string;
  number: string;
  /** Grows by one with each change. */
  version: number;
  status: OrderStatus;
  buyer: OrderSnapshot['buyer'];
  cart: OrderSnapshot['cart'];
  address: PostalAddress | null;
  note: string | null;
  placedAt: string;
  payBy: string;
  history: Move[];
  /** The payment that took the money, even if it came after the order was cancelled. */
  paymentId: string | null;
  failedPayments: FailedPayment[];
  /** Of the request, where it had an Idempotency-Key: tells a repeat from another request with the same key. */
  fingerprint: string | null;
}

/** An order after a change, with the events of the change; the same order where there was nothing to do. */
export interface Changed {
  order: Order;
  events: NewEvent[];
}

type Cause = Pick<Move, 'at' | 'by' | 'reason'>;

const MAX_FAILED_PAYMENTS = 20;

/** Adds up the lines. Refuses two currencies, and a total that no payment could take. */
export function price(bought: readonly { quoted: Quoted; quantity: number }[], taxPercent: number): Priced {
  const lines = bought.map(({ quoted: { price: unitPrice, ...product }, quantity }): OrderLine => {
    return { ...product, quantity, unitPrice, total: { ...unitPrice, amount: unitPrice.amount * quantity } };
  });
  const [currency = '', ...others] = new Set(lines.map(({ unitPrice }) => unitPrice.currency));
  if (others.length > 0) throw new DomainError('conflict', 'mixed-currencies', 'One order is paid in one currency.');
  const subtotal = lines.reduce((sum, { total }) => sum + total.amount, 0);
  const tax = Math.round((subtotal * Math.round(taxPercent * 100)) / 10_000); // hundredths of a percent, so that only integers are multiplied
  if (subtotal + tax > MAX_AMOUNT) throw new DomainError('conflict', 'total-too-large', 'The total is more than one payment can take.');
  const money = (amount: number): Money => ({ amount, currency });
  return { lines, subtotal: money(subtotal), tax: money(tax), taxPercent, total: money(subtotal + tax) };
}

export type Placing = Priced & Pick<Order, 'id' | 'buyer' | 'cart' | 'address' | 'note' | 'payBy' | 'fingerprint'> & { at: string };

/** A new order. Refused when its stock is not reserved for long enough to pay it. */
export function place({ at, ...placing }: Placing): Changed {
  if (placing.payBy <= at)
    throw new DomainError('unavailable', 'reservation-lapsing', 'Saving the order took too long.', { retryAfter: 60 });
  const order: Order = {
    ...placing,
    number: numberOf(placing.id),
    version: 1,
    status: 'pending',
    placedAt: at,
    history: [{ from: null, to: 'pending', at, by: placing.buyer.userId, reason: null }],
    paymentId: null,
    failedPayments: [],
  };
  return { order, events: [OrderPlaced(order.id, order.version, toSnapshot(order))] };
}

/** The money has come. A cancelled order only remembers it: payments gives it back by itself. */
export function pay(order: Order, { paymentId, amount }: { paymentId: string; amount: Money }, at: string): Changed {
  if (order.paymentId === paymentId) return unchanged(order);
  if (order.paymentId !== null) throw new DomainError('invalid', 'paid-twice', `The order ${order.id} was paid by another payment.`);
  refuseOtherAmount(order, amount);
  const paid = { ...order, paymentId };
  if (order.status === 'cancelled') return { order: { ...paid, version: order.version + 1 }, events: [] };
  return move(paid, 'paid', { at, by: 'payments', reason: null });
}

/** A refused payment is remembered; the order waits for a better one. */
export function failPayment(order: Order, failed: FailedPayment): Changed {
  if (order.failedPayments.some(({ paymentId }) => paymentId === failed.paymentId)) return unchanged(order);
  const failedPayments = [...order.failedPayments, failed].slice(-MAX_FAILED_PAYMENTS);
  return { order: { ...order, failedPayments, version: order.version + 1 }, events: [] };
}

/** The money of a paid order goes back: payments hears of it. */
export function cancel(order: Order, cause: Cause): Changed {
  return move(order, 'cancelled', cause);
}

/** What a customer may do. */
export function cancelUnpaid(order: Order, cause: Cause): Changed {
  if (order.status === 'paid') throw illegal(order.status, 'cancelled');
  return cancel(order, cause);
}

/** Cancels what is still unpaid at its deadline. */
export function expire(order: Order, at: string): Changed {
  if (order.status !== 'pending') return unchanged(order);
  return cancel(order, { at, by: 'deadline', reason: 'payment deadline passed' });
}

/** Cancels what cannot be served. */
export function cancelShort(order: Order, at: string): Changed {
  if (order.status === 'cancelled' || order.status === 'refunded') return unchanged(order);
  return cancel(order, { at, by: 'inventory', reason: 'out of stock' });
}

/** The money has gone back. It may be heard of before the payment itself. */
export function refund(order: Order, { paymentId, amount }: { paymentId: string; amount: Money }, at: string): Changed {
  if (order.paymentId !== null && order.paymentId !== paymentId)
    throw new DomainError('invalid', 'other-payment', `The order ${order.id} was paid by another payment.`);
  refuseOtherAmount(order, amount);
  if (order.status === 'refunded') return unchanged(order);
  return move({ ...order, paymentId }, 'refunded', { at, by: 'payments', reason: null });
}

/** What other services are told. */
export function toSnapshot(order: Order): OrderSnapshot {
  const { id, number, status, buyer, lines, subtotal, tax, total, cart, payBy, history } = order;
  return { orderId: id, number, status, buyer, lines, subtotal, tax, total, cart, payBy, reason: history.at(-1)?.reason ?? null };
}

const EVENTS = { paid: OrderPaid, cancelled: OrderCancelled, refunded: OrderRefunded };

function move(order: Order, to: keyof typeof EVENTS, cause: Cause): Changed {
  if (!MOVES[order.status].includes(to)) throw illegal(order.status, to);
  const history = [...order.history, { from: order.status, to, ...cause }];
  const moved: Order = { ...order, status: to, version: order.version + 1, history };
  return { order: moved, events: [EVENTS[to](moved.id, moved.version, toSnapshot(moved))] };
}

const unchanged = (order: Order): Changed => ({ order, events: [] });

const illegal = (from: OrderStatus, to: OrderStatus) =>
  new DomainError('conflict', 'illegal-move', `An order that is ${from} cannot become ${to}.`);

function refuseOtherAmount({ id, total }: Order, { amount, currency }: Money): void {
  if (amount !== total.amount || currency !== total.currency)
    throw new DomainError('invalid', 'other-amount', `The amount is not the total of the order ${id}.`);
}

const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'; // no I, L, O or U: they are misread

/** Eight letters for 40 bits of the id: short enough to be said on the phone. The id alone is unique. */
function numberOf(id: string): string {
  const bits = Number.parseInt(id.replaceAll('-', '').slice(0, 10), 16).toString(32).padStart(8, '0');
  const letters = Array.from(bits, (digit) => LETTERS[Number.parseInt(digit, 32)]).join('');
  return `SC-${letters.slice(0, 4)}-${letters.slice(4)}`;
}
