import type { SkuQuote } from '@sidecart/contracts/catalog';
import type { Money } from '@sidecart/contracts/money';
import type { OrderSnapshot } from '@sidecart/contracts/orders';
import type { PricedLine } from '@sidecart/contracts/priced-line';

/** An amount in cents: `euros(1999)` is 19.99 euros. */
export const euros = (amount: number): Money => ({ amount, currency: 'EUR' });

/**
 * The quote of a SKU that costs 10.00 euros. Its product has the id `p-<sku>`.
 */
export const aQuote = (sku: string, change: Partial<SkuQuote> = {}): SkuQuote => ({
  sku,
  productId: `p-${sku}`,
  name: `The ${sku}`,
  price: euros(1000),
  image: null,
  ...change,
});

/** A line of a SKU that costs 10.00 euros. */
export function aLine(sku: string, quantity: number): PricedLine {
  const { price: unitPrice, ...product } = aQuote(sku);
  return { ...product, quantity, unitPrice, total: euros(unitPrice.amount * quantity) };
}

/** The snapshot in an order's events: an unpaid order of one mug for 10.00 euros and 20 % tax. */
export const anOrder = (change: Partial<OrderSnapshot> = {}): OrderSnapshot => ({
  orderId: 'order-1',
  number: 'SC-04HM-ASW9',
  status: 'pending',
  life: 'open',
  payment: 'unpaid',
  fulfillment: 'unfulfilled',
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
