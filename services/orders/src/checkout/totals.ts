import { DomainError } from '@sidecart/chassis/errors';
import type { SkuQuote } from '@sidecart/contracts/catalog';
import { MAX_AMOUNT, type Money } from '@sidecart/contracts/money';
import type { PricedLine } from '@sidecart/contracts/priced-line';
import type { Totals } from '../order/order.js';

/**
 * Returns the lines and what they cost. The tax is `taxPercent` of the subtotal, rounded half up.
 * Throws `conflict`: `mixed-currencies`, or `total-too-large` if no payment could take the total.
 */
export function totalsOf(items: readonly { quote: SkuQuote; quantity: number }[], taxPercent: number): Totals {
  const lines = items.map(({ quote: { price: unitPrice, ...product }, quantity }): PricedLine => {
    return { ...product, quantity, unitPrice, total: { ...unitPrice, amount: unitPrice.amount * quantity } };
  });
  const [currency = '', ...others] = new Set(lines.map(({ unitPrice }) => unitPrice.currency));
  if (others.length > 0) throw new DomainError('conflict', 'mixed-currencies', 'All lines of an order must have the same currency.');
  const subtotal = lines.reduce((sum, { total }) => sum + total.amount, 0);
  const tax = Math.round((subtotal * Math.round(taxPercent * 100)) / 10_000); // multiply integers: hundredths of a percent
  if (subtotal + tax > MAX_AMOUNT) throw new DomainError('conflict', 'total-too-large', 'The total is more than one payment can take.');
  const money = (amount: number): Money => ({ amount, currency });
  return { lines, subtotal: money(subtotal), tax: money(tax), taxPercent, total: money(subtotal + tax) };
}
