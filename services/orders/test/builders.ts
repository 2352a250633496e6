import { aQuote } from '@sidecart/testing/builders';
import { totalsOf } from '../src/checkout/totals.js';
import { place, type Order, type Placing } from '../src/order/order.js';

export const PLACED_AT = new Date('2030-01-01T10:00:00.000Z');

/** One mug for 10.00 euros and 20 % tax, to be paid within half an hour of `PLACED_AT`. */
export const aPlacing = (change: Partial<Placing> = {}): Placing => ({
  ...totalsOf([{ quote: aQuote('mug'), quantity: 1 }], 20),
  id: '01234567-89ab-4def-8123-456789abcdef',
  buyer: { userId: 'ann', email: 'ann@example.com', name: 'Ann' },
  cart: null,
  address: null,
  note: null,
  payBy: '2030-01-01T10:30:00.000Z',
  fingerprint: null,
  ...change,
});

/** The order of `aPlacing`, in whatever states the test needs. */
export const aPlacedOrder = (change: Partial<Order> = {}): Order => ({ ...place(aPlacing(), PLACED_AT).order, ...change });
