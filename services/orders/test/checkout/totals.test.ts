import { expect, test } from '@jest/globals';
import { aQuote, euros } from '@sidecart/testing/builders';
import { totalsOf } from '../../src/checkout/totals.js';

const item = (amount: number, quantity: number, currency = 'EUR') => ({ quote: aQuote('x', { price: { amount, currency } }), quantity });

test.each([
  { items: [item(1000, 1)], percent: 20, subtotal: 1000, tax: 200 },
  { items: [item(1999, 3), item(5, 2)], percent: 20, subtotal: 6007, tax: 1201 },
  { items: [item(50, 1)], percent: 1, subtotal: 50, tax: 1 },
  { items: [item(1000, 1)], percent: 1.15, subtotal: 1000, tax: 12 },
  { items: [item(333, 1)], percent: 7.7, subtotal: 333, tax: 26 },
  { items: [item(0, 9)], percent: 20, subtotal: 0, tax: 0 },
  { items: [item(99, 999)], percent: 0, subtotal: 98_901, tax: 0 },
])('$items.length line(s) add up to $subtotal, and $percent % tax on it is $tax', ({ items, percent, subtotal, tax }) => {
  const totals = totalsOf(items, percent);
  expect(totals).toMatchObject({ subtotal: euros(subtotal), tax: euros(tax), total: euros(subtotal + tax) });
  expect(totals.lines.reduce((sum, { total }) => sum + total.amount, 0)).toBe(subtotal);
});

test('two currencies in one order are refused, and so is a total beyond the largest amount', () => {
  expect(() => totalsOf([item(1, 1), item(1, 1, 'USD')], 20)).toThrow(
    expect.objectContaining({ kind: 'conflict', slug: 'mixed-currencies' }),
  );
  expect(() => totalsOf([item(1_000_000_000_00, 1)], 20)).toThrow(expect.objectContaining({ kind: 'conflict', slug: 'total-too-large' }));
});
