import type { OrderFulfillment, OrderLife, OrderPayment, OrderStatus } from '@sidecart/contracts/order-states';

/**
 * The three states of an order. Each has its own moves; the rules that join them are in order.ts.
 */
export interface States {
  life: OrderLife;
  payment: OrderPayment;
  fulfillment: OrderFulfillment;
}

/** Every legal move of each state. */
export const MOVES: { [S in keyof States]: Record<States[S], readonly States[S][]> } = {
  life: {
    open: ['completed', 'cancelled'],
    completed: [],
    cancelled: [],
  },
  payment: {
    unpaid: ['authorized', 'paid'],
    authorized: ['paid', 'voided'],
    paid: ['partially_refunded', 'refunded'],
    voided: [],
    partially_refunded: ['refunded'],
    refunded: [],
  },
  fulfillment: {
    unfulfilled: ['partially_shipped', 'shipped', 'on_hold'],
    partially_shipped: ['shipped'],
    shipped: ['delivered'],
    delivered: [],
    on_hold: ['unfulfilled'],
  },
};

/**
 * Returns the public status. A refund says most, then how the order ended, then how far its goods
 * are, then how far its payment is.
 */
export function statusOf({ life, payment, fulfillment }: States): OrderStatus {
  if (payment === 'partially_refunded' || payment === 'refunded') return payment;
  if (life !== 'open') return life;
  if (fulfillment !== 'unfulfilled' && fulfillment !== 'on_hold') return fulfillment;
  if (payment === 'paid') return 'paid';
  return payment === 'authorized' ? 'confirmed' : 'pending';
}

/** Whether the order waits for its payment, and expires without it. */
export const awaitsPayment = (states: States): boolean => statusOf(states) === 'pending';
