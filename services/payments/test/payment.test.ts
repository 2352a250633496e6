import { describe, expect, test } from '@jest/globals';
import { begin, close, closeUnpaid, MOVES, newBill, paymentIdOf, refunded, settle, type Bill, type Payment } from '../src/payment.js';
import type { Charge } from '../src/provider.js';
import { PaymentStatus } from '../src/schemas.js';

const AT = '2030-01-01T10:00:00.000Z';
const succeeded: Charge = { reference: 'pi_1', status: 'succeeded' };
const declined: Charge = { reference: 'pi_1', status: 'failed', code: 'card_declined' };

const aBill = (change: Partial<Bill> = {}): Bill => ({
  ...newBill({ orderId: 'order-1', userId: 'ann', total: { amount: 1200, currency: 'EUR' } }),
  ...change,
});
const begun = (change: Partial<Bill> = {}) => {
  const { bill, payment } = begin(aBill(), 'pay-1', 'pm_card_visa', AT);
  return { bill: { ...bill, ...change }, payment };
};
const aPayment = (change: Partial<Payment> = {}): Payment => ({ ...begun().payment, ...change });

describe('begin', () => {
  test('opens the only payment under way', () => {
    const { bill, payment } = begun();
    expect(bill).toMatchObject({ current: 'pay-1', attempts: ['pay-1'], paid: null });
    expect(payment).toMatchObject({ status: 'processing', amount: { amount: 1200, currency: 'EUR' }, version: 1 });
  });

  test.each([
    ['another is under way', { current: 'pay-0' }, 'payment-in-progress'],
    ['the order is paid', { paid: 'pay-0' }, 'order-not-payable'],
    ['the order was cancelled', { closed: true }, 'order-not-payable'],
    ['it was tried twenty times', { attempts: Array.from({ length: 20 }, (_, i) => `pay-${i}`) }, 'too-many-attempts'],
  ])('refuses when %s', (_, change, slug) => {
    expect(() => begin(aBill(change), 'pay-1', 'pm_card_visa', AT)).toThrow(expect.objectContaining({ kind: 'conflict', slug }));
  });

  test('names the payment under way, or that succeeded, the same for a repeat, and the next one otherwise', () => {
    const first = paymentIdOf(aBill());
    const { bill } = begin(aBill(), first, 'pm_card_visa', AT);
    expect(paymentIdOf(bill)).toBe(first);
    expect(paymentIdOf({ ...bill, current: null, paid: first })).toBe(first);
    expect(paymentIdOf({ ...bill, current: null })).not.toBe(first);
    expect(paymentIdOf(aBill({ orderId: 'order-2' }))).not.toBe(first);
  });
});

describe('settle', () => {
  test('a success pays the bill', () => {
    const { bill, payment } = begun();
    const after = settle(bill, payment, succeeded, AT);
    expect(after.bill).toMatchObject({ current: null, paid: 'pay-1' });
    expect(after.payment).toMatchObject({ status: 'succeeded', reference: 'pi_1', version: 2 });
    expect(after.events).toMatchObject([{ type: 'payment.succeeded', subject: 'pay-1', sequence: 2, data: { orderId: 'order-1' } }]);
  });

  test('a refusal leaves the bill open for the next payment', () => {
    const { bill, payment } = begun();
    const after = settle(bill, payment, declined, AT);
    expect(after.bill).toMatchObject({ current: null, paid: null });
    expect(after.payment).toMatchObject({ status: 'failed', failure: { code: 'card_declined' } });
    expect(after.events).toMatchObject([{ type: 'payment.failed', data: { code: 'card_declined' } }]);
  });

  test('keeps the provider’s name for a charge that takes longer, once', () => {
    const { bill, payment } = begun();
    const after = settle(bill, payment, { reference: 'pi_1', status: 'processing' }, AT);
    expect(after).toMatchObject({ bill, payment: { status: 'processing', reference: 'pi_1' }, events: [] });
    expect(settle(bill, after.payment, { reference: 'pi_1', status: 'processing' }, AT).payment).toBe(after.payment);
  });

  test('money for a closed bill is taken note of and is to go back', () => {
    const { bill, payment } = begun({ closed: true });
    const after = settle(bill, payment, succeeded, AT);
    expect(after.payment.history.map(({ to }) => to)).toEqual(['processing', 'succeeded', 'refunding']);
    expect(after.events).toMatchObject([{ type: 'payment.succeeded', sequence: 2 }]);
    expect(after.payment.version).toBe(3);
  });

  test.each(PaymentStatus.options.filter((status) => status !== 'processing'))('changes nothing of a payment that is %s', (status) => {
    const { bill, payment } = begun();
    const before = { ...payment, status };
    for (const charge of [succeeded, declined]) expect(settle(bill, before, charge, AT)).toEqual({ bill, payment: before, events: [] });
  });
});

describe('close', () => {
  test('has paid money go back, once', () => {
    const paid = aPayment({ status: 'succeeded' });
    const after = close(aBill({ paid: paid.id }), paid, AT);
    expect(after).toMatchObject({ bill: { closed: true }, payment: { status: 'refunding' } });
    expect(close(after.bill, after.payment, AT)).toEqual(after);
  });

  test('of a bill without a paid payment only closes it', () => {
    expect(close(aBill(), undefined, AT)).toEqual({ bill: aBill({ closed: true }), payment: undefined });
  });
});

describe('closeUnpaid', () => {
  test('closes a bill without payments, and one whose payments have failed', () => {
    const { bill, payment } = begun();
    for (const before of [aBill(), settle(bill, payment, declined, AT).bill]) {
      const after = closeUnpaid(before);
      expect(after).toEqual({ bill: { ...before, closed: true }, outcome: { status: 'closed' } });
      expect(closeUnpaid(after.bill).bill).toBe(after.bill);
      expect(() => begin(after.bill, 'pay-2', 'pm_card_visa', AT)).toThrow(expect.objectContaining({ slug: 'order-not-payable' }));
    }
  });

  test('leaves a bill open whose payment is processing', () => {
    const { bill } = begun();
    expect(closeUnpaid(bill)).toEqual({ bill, outcome: { status: 'processing' } });
  });

  test('names the payment that succeeded', () => {
    const { bill, payment } = begun();
    const paid = settle(bill, payment, succeeded, AT).bill;
    expect(closeUnpaid(paid)).toEqual({ bill: paid, outcome: { status: 'paid', paymentId: 'pay-1', amount: paid.total } });
  });
});

describe('refunded', () => {
  test.each(PaymentStatus.options)('is the end of a refund, and is refused before one: %s', (status) => {
    const run = () => refunded(aPayment({ status, version: 3 }), AT);
    if (status === 'refunded') expect(run()).toEqual({ payment: aPayment({ status, version: 3 }), events: [] });
    else if (MOVES[status].includes('refunded')) expect(run().events).toMatchObject([{ type: 'payment.refunded', sequence: 4 }]);
    else expect(run).toThrow(expect.objectContaining({ kind: 'conflict', slug: 'illegal-move' }));
  });
});
