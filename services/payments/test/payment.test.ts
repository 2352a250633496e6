import { expect, test } from '@jest/globals';
import { euros } from '@sidecart/testing/builders';
import { MOVES, newPayment, refunded, STATUSES, type Payment } from '../src/payment.js';

const NOW = new Date('2030-01-01T10:00:00.000Z');

const aPayment = (change: Partial<Payment>): Payment => ({
  ...newPayment({ id: 'pay-1', orderId: 'order-1', userId: 'ann', amount: euros(1200), method: 'pm_card_visa' }, NOW),
  ...change,
});

test.each(STATUSES)('a refund completes a payment that is refunding, and no other: %s', (status) => {
  const run = () => refunded(aPayment({ status, version: 3 }), NOW);
  if (status === 'refunded') expect(run()).toEqual({ payment: aPayment({ status, version: 3 }), events: [] });
  else if (MOVES[status].includes('refunded')) expect(run().events).toMatchObject([{ type: 'payment.refunded', sequence: 4 }]);
  else expect(run).toThrow(expect.objectContaining({ kind: 'conflict', slug: 'illegal-move' }));
});
