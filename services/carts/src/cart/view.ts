import type { Cart } from './cart.js';
import type { Prices } from './prices.js';
import type { CartView } from './schemas.js';

/** Returns the cart at current prices. `currency` is that of an empty cart. */
export async function view({ checkoutId, items }: Cart, price: Prices, currency: string): Promise<CartView> {
  const quotes = await Promise.all(items.map(({ sku }) => price(sku)));
  const lines = items.flatMap(({ quantity }, i) => {
    const quote = quotes[i];
    if (!quote) return [];
    const { price: unitPrice, ...product } = quote;
    return [{ ...product, quantity, unitPrice, total: { ...unitPrice, amount: unitPrice.amount * quantity } }];
  });
  const subtotal = lines.reduce((sum, { total }) => sum + total.amount, 0);
  return {
    items: lines,
    subtotal: { amount: subtotal, currency: lines[0]?.unitPrice.currency ?? currency },
    count: lines.reduce((sum, { quantity }) => sum + quantity, 0),
    checkoutId,
    unavailable: items.filter((_item, i) => !quotes[i]),
  };
}
