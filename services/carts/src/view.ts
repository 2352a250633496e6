import { CheckoutId, MAX_LINES, ProductId, Quantity, Sku } from '@sidecart/contracts/common';
import { Money } from '@sidecart/contracts/money';
import { PricedLine } from '@sidecart/contracts/priced-line';
import { z } from 'zod';
import type { Cart } from './cart.js';
import type { Prices } from './prices.js';

const BareItem = z.object({ sku: Sku, productId: ProductId, quantity: Quantity });

export const CartView = z
  .object({
    items: z.array(PricedLine).max(MAX_LINES),
    subtotal: Money.meta({ description: 'Of the items; before tax.', examples: [{ amount: 5_000, currency: 'EUR' }] }),
    count: z
      .number()
      .int()
      .meta({ description: 'All pieces of the items.', examples: [2] }),
    checkoutId: CheckoutId,
    unavailable: z.array(BareItem).meta({
      description: 'What is in the cart and not for sale any more; it is not counted.',
      examples: [[{ sku: 'LANTERN-2', productId: '79c717da-2a39-48b5-8f40-1eb9ddd1828a', quantity: 1 }]],
    }),
  })
  .meta({ id: 'Cart' });
export type CartView = z.infer<typeof CartView>;

export const MergedView = CartView.extend({
  adjusted: z
    .array(
      BareItem.extend({
        quantity: z
          .number()
          .int()
          .meta({ examples: [2] }),
        requested: z
          .number()
          .int()
          .meta({ examples: [3] }),
      }),
    )
    .describe('What there was too little stock or room for: `requested` is what both carts had, `quantity` what the cart has.'),
}).meta({ id: 'MergedCart' });

/** The cart at the prices of now. `currency` is that of nothing. */
export async function view({ checkoutId, items }: Cart, price: Prices, currency: string): Promise<CartView> {
  const quotes = await Promise.all(items.map(({ sku }) => price(sku)));
  const lines = items.flatMap(({ quantity }, i) => {
    const quoted = quotes[i];
    if (!quoted) return [];
    const { price: unitPrice, ...product } = quoted;
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
