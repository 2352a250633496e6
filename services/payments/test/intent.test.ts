import { describe, expect, test } from '@jest/globals';
import { euros } from '@sidecart/testing/builders';
import { begin, close, closeUnpaid, newIntent, paymentIdOf, recordOutcome, type PaymentIntent } from '../src/intent.js';
import { STATUSES, type Payment } from '../src/payment.js';
import type { Charge } from '../src/provider.js';

const NOW = new Date('2030-01-01T10:00:00.000Z');
const succeeded: Charge = { reference: 'pi_1', status: 'succeeded' };
const declined: Charge = { reference: 'pi_1', status: 'failed', code: 'card_declined' };

const anIntent = (change: Partial<PaymentIntent> = {}): PaymentIntent => ({
  ...newIntent({ orderId: 'order-1', userId: 'ann', total: euros(1200) }),
  ...change,
});
const begun = (change: Partial<PaymentIntent> = {}) => {
  const { intent, payment } = begin(anIntent(), 'pay-1', 'pm_card_visa', NOW);
  return { intent: { ...intent, ...change }, payment };
};
const aPayment = (change: Partial<Payment> = {}): Payment => ({ ...begun().payment, ...change });

describe('begin', () => {
  test('opens the only payment in progress', () => {
    const { intent, payment } = begun();
    expect(intent).toMatchObject({ current: 'pay-1', attempts: ['pay-1'], paid: null });
    expect(payment).toMatchObject({ status: 'processing', amount: euros(1200), version: 1 });
  });

  test.each([
    ['another is in progress', { current: 'pay-0' }, 'payment-in-progress'],
    ['the order is paid', { paid: 'pay-0' }, 'order-not-payable'],
    ['the order was cancelled', { closed: true }, 'order-not-payable'],
    ['there were twenty attempts', { attempts: Array.from({ length: 20 }, (_, i) => `pay-${i}`) }, 'too-many-attempts'],
  ])('refuses a payment if %s', (_, change, slug) => {
    expect(() => begin(anIntent(change), 'pay-1', 'pm_card_visa', NOW)).toThrow(expect.objectContaining({ kind: 'conflict', slug }));
  });

  test('gives a repeat the id of the payment in progress or succeeded, and any other request a new one', () => {
    const first = paymentIdOf(anIntent());
    const { intent } = begin(anIntent(), first, 'pm_card_visa', NOW);
    expect(paymentIdOf(intent)).toBe(first);
    expect(paymentIdOf({ ...intent, current: null, paid: first })).toBe(first);
    expect(paymentIdOf({ ...intent, current: null })).not.toBe(first);
    expect(paymentIdOf(anIntent({ orderId: 'order-2' }))).not.toBe(first);
  });
});

describe('recordOutcome', () => {
  test('of a success pays the intent', () => {
    const { intent, payment } = begun();
    const after = recordOutcome(intent, payment, succeeded, NOW);
    expect(after.intent).toMatchObject({ current: null, paid: 'pay-1' });
    expect(after.payment).toMatchObject({ status: 'succeeded', reference: 'pi_1', version: 2 });
    expect(after.events).toMatchObject([{ type: 'payment.succeeded', subject: 'pay-1', sequence: 2, data: { orderId: 'order-1' } }]);
  });

  test('of a decline leaves the intent open for the next payment', () => {
    const { intent, payment } = begun();
    const after = recordOutcome(intent, payment, declined, NOW);
    expect(after.intent).toMatchObject({ current: null, paid: null });
    expect(after.payment).toMatchObject({ status: 'failed', failure: { code: 'card_declined' } });
    expect(after.events).toMatchObject([{ type: 'payment.failed', data: { code: 'card_declined' } }]);
  });

  test('keeps the provider’s id of a charge that is processing, once', () => {
    const { intent, payment } = begun();
    const after = recordOutcome(intent, payment, { reference: 'pi_1', status: 'processing' }, NOW);
    expect(after).toMatchObject({ intent, payment: { status: 'processing', reference: 'pi_1' }, events: [] });
    expect(recordOutcome(intent, after.payment, { reference: 'pi_1', status: 'processing' }, NOW).payment).toBe(after.payment);
  });

  test('of a success on a closed intent makes the payment refunding', () => {
    const { intent, payment } = begun({ closed: true });
    const after = recordOutcome(intent, payment, succeeded, NOW);
    expect(after.payment.history.map(({ to }) => to)).toEqual(['processing', 'succeeded', 'refunding']);
    expect(after.events).toMatchObject([{ type: 'payment.succeeded', sequence: 2 }]);
    expect(after.payment.version).toBe(3);
  });

  test.each(STATUSES.filter((status) => status !== 'processing'))('changes nothing if the payment is %s', (status) => {
    const { intent, payment } = begun();
    const before = { ...payment, status };
    for (const charge of [succeeded, declined])
      expect(recordOutcome(intent, before, charge, NOW)).toEqual({ intent, payment: before, events: [] });
  });
});

describe('close', () => {
  test('makes a succeeded payment refunding, once', () => {
    const paid = aPayment({ status: 'succeeded' });
    const after = close(anIntent({ paid: paid.id }), paid, NOW);
    expect(after).toMatchObject({ intent: { closed: true }, payment: { status: 'refunding' } });
    expect(close(after.intent, after.payment, NOW)).toEqual(after);
  });

  test('only closes an intent without a succeeded payment', () => {
    expect(close(anIntent(), undefined, NOW)).toEqual({ intent: anIntent({ closed: true }), payment: undefined });
  });
});

describe('closeUnpaid', () => {
  test('closes an intent without payments, and one whose payments have failed', () => {
    const { intent, payment } = begun();
    for (const before of [anIntent(), recordOutcome(intent, payment, declined, NOW).intent]) {
      const after = closeUnpaid(before);
      expect(after).toEqual({ intent: { ...before, closed: true }, outcome: { status: 'closed' } });
      expect(closeUnpaid(after.intent).intent).toBe(after.intent);
      expect(() => begin(after.intent, 'pay-2', 'pm_card_visa', NOW)).toThrow(expect.objectContaining({ slug: 'order-not-payable' }));
    }
  });

  test('leaves an intent open while its payment is processing', () => {
    const { intent } = begun();
    expect(closeUnpaid(intent)).toEqual({ intent, outcome: { status: 'processing' } });
  });

  test('returns the payment that succeeded', () => {
    const { intent, payment } = begun();
    const paid = recordOutcome(intent, payment, succeeded, NOW).intent;
    expect(closeUnpaid(paid)).toEqual({ intent: paid, outcome: { status: 'paid', paymentId: 'pay-1', amount: paid.total } });
  });
});
