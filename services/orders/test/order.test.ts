import { describe, expect, test } from '@jest/globals';
import { OrderPlaced, OrderSnapshot, OrderStatus } from '@sidecart/contracts/orders';
import { aQuote, euros } from '@sidecart/testing/builders';
import {
  cancel,
  cancelShort,
  cancelUnpaid,
  expire,
  failPayment,
  MOVES,
  pay,
  place,
  price,
  refund,
  type Changed,
  type Order,
} from '../src/order.js';
import { anOrder, aPlacing } from './builders.js';

const AT = '2030-01-01T10:05:00.000Z';
const cause = { at: AT, by: 'ann', reason: 'changed my mind' };
const payment = { paymentId: 'pay-1', amount: euros(1200) };

describe('the table of moves', () => {
  const moves: Record<string, { to: OrderStatus; run: (order: Order) => Changed; from: OrderStatus[] }> = {
    pay: { to: 'paid', run: (order) => pay(order, payment, AT), from: ['pending'] },
    cancel: { to: 'cancelled', run: (order) => cancel(order, cause), from: ['pending', 'confirmed', 'paid'] },
    cancelUnpaid: { to: 'cancelled', run: (order) => cancelUnpaid(order, cause), from: ['pending', 'confirmed'] },
    refund: { to: 'refunded', run: (order) => refund(order, payment, AT), from: ['delivered', 'completed', 'cancelled'] },
  };
  // These do nothing, on purpose, where another test says so.
  const quiet = ['pay cancelled', 'refund refunded'];
  const cases = Object.entries(moves).flatMap(([name, { to, run, from }]) =>
    OrderStatus.options.map((status) => ({ name, status, to, run, legal: from.includes(status) })),
  );

  test.each(cases.filter(({ legal }) => legal))('$name moves a $status order, and says who, when and why', ({ status, to, run }) => {
    const before = anOrder({ status });
    const { order, events } = run(before);
    expect(order).toMatchObject({ status: to, version: before.version + 1 });
    expect(order.history).toHaveLength(2);
    expect(order.history.at(-1)).toMatchObject({ from: status, to, at: AT });
    expect(events).toMatchObject([{ type: `order.${to}`, subject: order.id, sequence: order.version, data: { status: to } }]);
    expect(MOVES[status]).toContain(to);
  });

  test.each(cases.filter(({ legal, name, status }) => !legal && !quiet.includes(`${name} ${status}`)))(
    '$name refuses a $status order, naming both ends',
    ({ status, to, run }) => {
      const slug = 'illegal-move';
      expect(() => run(anOrder({ status }))).toThrow(
        expect.objectContaining({ kind: 'conflict', slug, message: `An order that is ${status} cannot become ${to}.` }),
      );
    },
  );
});

describe('pay', () => {
  test('by the same payment again changes nothing', () => {
    const { order } = pay(anOrder(), payment, AT);
    expect(pay(order, payment, AT)).toEqual({ order, events: [] });
  });

  test('refuses another amount or currency, and a second payment', () => {
    expect(() => pay(anOrder(), { ...payment, amount: euros(1199) }, AT)).toThrow(
      expect.objectContaining({ kind: 'invalid', slug: 'other-amount' }),
    );
    expect(() => pay(anOrder(), { ...payment, amount: { amount: 1200, currency: 'USD' } }, AT)).toThrow('not the total');
    const { order } = pay(anOrder(), payment, AT);
    expect(() => pay(order, { ...payment, paymentId: 'pay-2' }, AT)).toThrow(
      expect.objectContaining({ kind: 'invalid', slug: 'paid-twice' }),
    );
  });

  test('a cancelled order remembers the payment, once, and stays cancelled', () => {
    const cancelled = cancel(anOrder(), cause).order;
    const { order, events } = pay(cancelled, payment, AT);
    expect(order).toMatchObject({ status: 'cancelled', paymentId: 'pay-1', version: 3 });
    expect(events).toEqual([]);
    expect(pay(order, payment, AT).order).toBe(order);
  });
});

describe('refund', () => {
  test('again changes nothing, and neither does the payment that is heard of after it', () => {
    const cancelled = cancel(anOrder(), cause).order;
    const { order } = refund(cancelled, payment, AT);
    expect(order).toMatchObject({ status: 'refunded', paymentId: 'pay-1' });
    expect(refund(order, payment, AT)).toEqual({ order, events: [] });
    expect(pay(order, payment, AT)).toEqual({ order, events: [] });
  });

  test('refuses the refund of a payment that is not the order’s', () => {
    const order = anOrder({ status: 'cancelled', paymentId: 'pay-1' });
    expect(() => refund(order, { ...payment, paymentId: 'pay-2' }, AT)).toThrow(expect.objectContaining({ kind: 'invalid' }));
  });
});

test('the deadline cancels a pending order and leaves any other alone', () => {
  expect(expire(anOrder(), AT).order).toMatchObject({
    status: 'cancelled',
    history: [{}, { by: 'deadline', reason: 'payment deadline passed' }],
  });
  for (const status of OrderStatus.options.filter((each) => each !== 'pending')) {
    const order = anOrder({ status });
    expect(expire(order, AT)).toEqual({ order, events: [] });
  }
});

test('missing stock cancels a paid order, and nothing that has ended already', () => {
  expect(cancelShort(anOrder({ status: 'paid' }), AT).events).toMatchObject([
    { type: 'order.cancelled', data: { reason: 'out of stock' } },
  ]);
  for (const status of ['cancelled', 'refunded'] as const) expect(cancelShort(anOrder({ status }), AT).events).toEqual([]);
  expect(() => cancelShort(anOrder({ status: 'shipped' }), AT)).toThrow('shipped cannot become cancelled');
});

test('failed payments are remembered once each, the last twenty of them', () => {
  let order = anOrder();
  for (let n = 1; n <= 25; n++) order = failPayment(order, { paymentId: `pay-${n}`, at: AT, code: 'card_declined' }).order;
  expect(order).toMatchObject({ status: 'pending', version: 26 });
  expect(order.failedPayments.map(({ paymentId }) => paymentId)).toEqual(Array.from({ length: 20 }, (_, i) => `pay-${i + 6}`));
  expect(failPayment(order, { paymentId: 'pay-25', at: AT, code: 'card_declined' }).order).toBe(order);
});

describe('price', () => {
  const of = (amount: number, quantity: number, currency = 'EUR') => ({ quoted: aQuote('x', { price: { amount, currency } }), quantity });

  test.each([
    { bought: [of(1000, 1)], percent: 20, subtotal: 1000, tax: 200 },
    { bought: [of(1999, 3), of(5, 2)], percent: 20, subtotal: 6007, tax: 1201 },
    { bought: [of(50, 1)], percent: 1, subtotal: 50, tax: 1 },
    { bought: [of(1000, 1)], percent: 1.15, subtotal: 1000, tax: 12 },
    { bought: [of(333, 1)], percent: 7.7, subtotal: 333, tax: 26 },
    { bought: [of(0, 9)], percent: 20, subtotal: 0, tax: 0 },
    { bought: [of(99, 999)], percent: 0, subtotal: 98_901, tax: 0 },
  ])('adds up $bought.length line(s) to $subtotal and taxes it with $tax', ({ bought, percent, subtotal, tax }) => {
    const priced = price(bought, percent);
    expect(priced).toMatchObject({ subtotal: euros(subtotal), tax: euros(tax), total: euros(subtotal + tax) });
    expect(priced.lines.reduce((sum, { total }) => sum + total.amount, 0)).toBe(subtotal);
  });

  test('refuses two currencies in one order, and a total above what money can say', () => {
    expect(() => price([of(1, 1), of(1, 1, 'USD')], 20)).toThrow(expect.objectContaining({ kind: 'conflict', slug: 'mixed-currencies' }));
    expect(() => price([of(1_000_000_000_00, 1)], 20)).toThrow(expect.objectContaining({ kind: 'conflict', slug: 'total-too-large' }));
  });
});

describe('place', () => {
  test('makes a pending order and the event that tells it, which its contract accepts', () => {
    const { order, events } = place(aPlacing());
    expect(order).toMatchObject({ status: 'pending', version: 1, total: euros(1200), history: [{ from: null, to: 'pending', by: 'ann' }] });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: OrderPlaced.type, sequence: 1, subject: order.id });
    expect(OrderSnapshot.parse(events[0]?.data)).toEqual(events[0]?.data);
  });

  test('gives it a number of letters that cannot be misread, the same for the same id', () => {
    expect(anOrder().number).toBe('SC-04HM-ASW9');
    for (const id of ['ffffffff-ffff-4fff-bfff-ffffffffffff', '00000000-0000-4000-8000-000000000000']) {
      const { number } = place(aPlacing({ id })).order;
      expect(number).toMatch(/^SC-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
      expect(place(aPlacing({ id })).order.number).toBe(number);
    }
  });

  test('refuses once there is no time left to pay', () => {
    const late = aPlacing({ at: '2030-01-01T10:30:00.000Z' });
    expect(() => place(late)).toThrow(expect.objectContaining({ kind: 'unavailable', slug: 'reservation-lapsing' }));
  });
});
