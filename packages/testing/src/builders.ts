import type { Quoted } from '@sidecart/contracts/catalog';
import type { Money } from '@sidecart/contracts/money';
import type { OrderLine, OrderSnapshot } from '@sidecart/contracts/orders';

/** An amount in cents: `euros(1999)` is 19.99 euros. */
export const euros = (amount: number): Money => ({ amount, currency: 'EUR' });

/** The quote of a SKU that costs 10.00 euros. Its product is `p-<sku>`, so that no test takes one for the other. */
export const aQuote = (sku: string, change: Partial<Quoted> = {}): Quoted => ({
  sku,
  productId: `p-${sku}`,
  name: `The ${sku}`,
  price: euros(1000),
  image: null,
  ...change,
});

/** An order's line of a SKU that costs 10.00 euros. */
export function aLine(sku: string, quantity: number): OrderLine {
  const { price: unitPrice, ...product } = aQuote(sku);
  return { ...product, quantity, unitPrice, total: euros(unitPrice.amount * quantity) };
}

/** What the events of an order carry: an unpaid order of one mug for 10.00 euros and 20 % tax. */
export const anOrder = (change: Partial<OrderSnapshot> = {}): OrderSnapshot => ({
  orderId: 'order-1',
  number: 'SC-04HM-ASW9',
  status: 'pending',
  buyer: { userId: 'ann', email: 'ann@example.com', name: 'Ann' },
  lines: [aLine('mug', 1)],
  subtotal: euros(1000),
  tax: euros(200),
  total: euros(1200),
  cart: null,
  payBy: '2030-01-01T10:30:00.000Z',
  reason: null,
  ...change,
});
