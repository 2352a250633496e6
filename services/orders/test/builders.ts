import { aQuote } from '@sidecart/testing/builders';
import { place, price, type Order, type Placing } from '../src/order.js';

/** One mug for 10.00 and 20 % tax, to be paid within half an hour. */
export const aPlacing = (change: Partial<Placing> = {}): Placing => ({
  ...price([{ quoted: aQuote('mug'), quantity: 1 }], 20),
  id: '01234567-89ab-4def-8123-456789abcdef',
  buyer: { userId: 'ann', email: 'ann@example.com', name: 'Ann' },
  cart: null,
  address: null,
  note: null,
  at: '2030-01-01T10:00:00.000Z',
  payBy: '2030-01-01T10:30:00.000Z',
  fingerprint: null,
  ...change,
});

export const anOrder = (change: Partial<Order> = {}): Order => ({ ...place(aPlacing()).order, ...change });
