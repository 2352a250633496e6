import { describe, expect, test } from '@jest/globals';
import { OrderStatus } from '@sidecart/contracts/order-states';
import { OrderPlaced, OrderSnapshot } from '@sidecart/contracts/orders';
import { euros } from '@sidecart/testing/builders';
import {
  cancel,
  cancelShort,
  cancelUnpaid,
  expire,
  failPayment,
  pay,
  place,
  refund,
  type Changed,
  type Order,
} from '../../src/order/order.js';
import { toSnapshot } from '../../src/order/snapshot.js';
import { MOVES, type States } from '../../src/order/states.js';
import { aPlacedOrder, aPlacing, PLACED_AT } from '../builders.js';

const NOW = new Date('2030-01-01T10:05:00.000Z');
const AT = NOW.toISOString();
const cause = { by: 'ann', reason: 'changed my mind' };
const payment = { paymentId: 'pay-1', amount: euros(1200) };

/** The states of an order with each public status. */
const STATES: Record<OrderStatus, Partial<States>> = {
  pending: {},
  confirmed: { payment: 'authorized' },
  paid: { payment: 'paid' },
  partially_shipped: { payment: 'paid', fulfillment: 'partially_shipped' },
  shipped: { payment: 'paid', fulfillment: 'shipped' },
  delivered: { payment: 'paid', fulfillment: 'delivered' },
  completed: { life: 'completed', payment: 'paid', fulfillment: 'delivered' },
  cancelled: { life: 'cancelled' },
  partially_refunded: { life: 'completed', payment: 'partially_refunded', fulfillment: 'delivered' },
  refunded: { life: 'cancelled', payment: 'refunded' },
};

const withStatus = (status: OrderStatus): Order => aPlacedOrder(STATES[status]);
const paidBefore = (order: Order): Order => (order.payment === 'unpaid' ? order : { ...order, paymentId: payment.paymentId });

describe('the moves', () => {
  const moves: Record<
    string,
    { state: keyof States; to: 'paid' | 'cancelled' | 'refunded'; run: (order: Order) => Changed; from: OrderStatus[] }
  > = {
    pay: { state: 'payment', to: 'paid', run: (order) => pay(order, payment, NOW), from: ['pending', 'confirmed'] },
    cancel: { state: 'life', to: 'cancelled', run: (order) => cancel(order, cause, NOW), from: ['pending', 'confirmed', 'paid'] },
    cancelUnpaid: { state: 'life', to: 'cancelled', run: (order) => cancelUnpaid(order, cause, NOW), from: ['pending', 'confirmed'] },
    refund: {
      state: 'payment',
      to: 'refunded',
      run: (order) => refund(paidBefore(order), payment, NOW),
      from: ['delivered', 'completed', 'cancelled', 'partially_refunded'],
    },
  };
  // These publish no event, which other tests check.
  const quiet = ['pay cancelled', 'refund refunded'];
  const cases = Object.entries(moves).flatMap(([name, { from, ...move }]) =>
    OrderStatus.options.map((status) => ({ name, status, ...move, legal: from.includes(status) })),
  );

  test.each(cases.filter(({ legal }) => legal))(
    '$name moves a $status order, and records who, when and why',
    ({ status, state, to, run }) => {
      const before = withStatus(status);
      const { order, events } = run(before);
      expect(order).toMatchObject({ [state]: to, version: before.version + 1 });
      const { from } = order.history.at(-1) ?? {};
      expect(order.history.at(-1)).toMatchObject({ state, to, at: AT, by: expect.any(String) });
      expect(Object.entries<readonly string[]>(MOVES[state]).find(([name]) => name === from)?.[1]).toContain(to);
      const data = { status: to, [state]: to };
      expect(events).toMatchObject([{ type: `order.${to}`, subject: order.id, sequence: order.version, data }]);
      const others = (['life', 'payment', 'fulfillment'] as const).filter((each) => each !== state);
      for (const each of others) expect(order[each]).toBe(before[each]);
    },
  );

  test.each(cases.filter(({ legal, name, status }) => !legal && !quiet.includes(`${name} ${status}`)))(
    '$name refuses a $status order, naming both ends',
    ({ status, to, run }) => {
      const slug = 'illegal-move';
      expect(() => run(withStatus(status))).toThrow(
        expect.objectContaining({ kind: 'conflict', slug, message: `An order that is ${status} cannot become ${to}.` }),
      );
    },
  );

  test('add one entry each to the history', () => {
    const paid = pay(aPlacedOrder(), payment, NOW).order;
    const cancelled = cancel(paid, cause, NOW).order;
    expect(refund(cancelled, payment, NOW).order.history).toEqual([
      { state: 'life', from: null, to: 'open', at: PLACED_AT.toISOString(), by: 'ann', reason: null },
      { state: 'payment', from: 'unpaid', to: 'paid', at: AT, by: 'payments', reason: null },
      { state: 'life', from: 'open', to: 'cancelled', at: AT, ...cause },
      { state: 'payment', from: 'paid', to: 'refunded', at: AT, by: 'payments', reason: null },
    ]);
  });
});

describe('pay', () => {
  test('changes nothing if the same payment is reported again', () => {
    const { order } = pay(aPlacedOrder(), payment, NOW);
    expect(pay(order, payment, NOW)).toEqual({ order, events: [] });
  });

  test('refuses another amount or currency, and a second payment', () => {
    expect(() => pay(aPlacedOrder(), { ...payment, amount: euros(1199) }, NOW)).toThrow(
      expect.objectContaining({ kind: 'invalid', slug: 'other-amount' }),
    );
    expect(() => pay(aPlacedOrder(), { ...payment, amount: { amount: 1200, currency: 'USD' } }, NOW)).toThrow('not the total');
    const { order } = pay(aPlacedOrder(), payment, NOW);
    expect(() => pay(order, { ...payment, paymentId: 'pay-2' }, NOW)).toThrow(
      expect.objectContaining({ kind: 'invalid', slug: 'paid-twice' }),
    );
  });

  test('records the payment of a cancelled order once, without an event, and leaves it cancelled', () => {
    const cancelled = cancel(aPlacedOrder(), cause, NOW).order;
    const { order, events } = pay(cancelled, payment, NOW);
    expect(order).toMatchObject({ life: 'cancelled', payment: 'paid', paymentId: 'pay-1', version: 3 });
    expect(toSnapshot(order)).toMatchObject({ status: 'cancelled', reason: 'changed my mind' });
    expect(events).toEqual([]);
    expect(pay(order, payment, NOW).order).toBe(order);
  });
});

describe('refund', () => {
  test('changes nothing the second time, and neither does the payment if it is reported after it', () => {
    const cancelled = cancel(aPlacedOrder(), cause, NOW).order;
    const { order } = refund(cancelled, payment, NOW);
    expect(order).toMatchObject({ payment: 'refunded', paymentId: 'pay-1', version: 3 });
    expect(order.history.slice(2)).toMatchObject([
      { state: 'payment', from: 'unpaid', to: 'paid' },
      { state: 'payment', from: 'paid', to: 'refunded' },
    ]);
    expect(refund(order, payment, NOW)).toEqual({ order, events: [] });
    expect(pay(order, payment, NOW)).toEqual({ order, events: [] });
  });

  test('refuses the refund of another payment than that of the order', () => {
    const order = aPlacedOrder({ life: 'cancelled', payment: 'paid', paymentId: 'pay-1' });
    expect(() => refund(order, { ...payment, paymentId: 'pay-2' }, NOW)).toThrow(expect.objectContaining({ kind: 'invalid' }));
  });

  test('keeps the reason of the cancellation', () => {
    const { order } = refund(cancel(aPlacedOrder(), cause, NOW).order, payment, NOW);
    expect(toSnapshot(order)).toMatchObject({ status: 'refunded', reason: 'changed my mind' });
  });
});

test('the deadline cancels a pending order and leaves any other alone', () => {
  const { order } = expire(aPlacedOrder(), NOW);
  expect(order).toMatchObject({ life: 'cancelled', history: [{}, { by: 'deadline', reason: 'payment deadline passed' }] });
  for (const status of OrderStatus.options.filter((each) => each !== 'pending')) {
    const order = withStatus(status);
    expect(expire(order, NOW)).toEqual({ order, events: [] });
  }
});

test('missing stock cancels a paid order, and does not change one that has ended', () => {
  expect(cancelShort(withStatus('paid'), NOW).events).toMatchObject([{ type: 'order.cancelled', data: { reason: 'out of stock' } }]);
  for (const status of ['cancelled', 'refunded'] as const) expect(cancelShort(withStatus(status), NOW).events).toEqual([]);
  expect(() => cancelShort(withStatus('shipped'), NOW)).toThrow('shipped cannot become cancelled');
});

test('failed payments are recorded once each, the last twenty of them', () => {
  let order = aPlacedOrder();
  for (let n = 1; n <= 25; n++) order = failPayment(order, { paymentId: `pay-${n}`, code: 'card_declined' }, NOW).order;
  expect(order).toMatchObject({ payment: 'unpaid', version: 26 });
  expect(order.failedPayments.map(({ paymentId }) => paymentId)).toEqual(Array.from({ length: 20 }, (_, i) => `pay-${i + 6}`));
  expect(order.failedPayments.at(-1)).toEqual({ paymentId: 'pay-25', at: AT, code: 'card_declined' });
  expect(failPayment(order, { paymentId: 'pay-25', code: 'card_declined' }, NOW).order).toBe(order);
});

describe('place', () => {
  test('returns a pending order and its event, which fits the contract', () => {
    const { order, events } = place(aPlacing(), NOW);
    expect(order).toMatchObject({ life: 'open', payment: 'unpaid', fulfillment: 'unfulfilled', version: 1, total: euros(1200) });
    expect(order.history).toEqual([{ state: 'life', from: null, to: 'open', at: AT, by: 'ann', reason: null }]);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: OrderPlaced.type, sequence: 1, subject: order.id, data: { status: 'pending' } });
    expect(OrderSnapshot.parse(events[0]?.data)).toEqual(events[0]?.data);
  });

  test('gives it a number without ambiguous letters, the same for the same id', () => {
    expect(aPlacedOrder().number).toBe('SC-04HM-ASW9');
    for (const id of ['ffffffff-ffff-4fff-bfff-ffffffffffff', '00000000-0000-4000-8000-000000000000']) {
      const { number } = place(aPlacing({ id }), NOW).order;
      expect(number).toMatch(/^SC-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
      expect(place(aPlacing({ id }), NOW).order.number).toBe(number);
    }
  });

  test('refuses an order that has no time left to be paid', () => {
    expect(() => place(aPlacing(), new Date(aPlacing().payBy))).toThrow(
      expect.objectContaining({ kind: 'unavailable', slug: 'reservation-lapsing' }),
    );
  });
});
