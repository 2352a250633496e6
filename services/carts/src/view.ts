import { Id, MAX_LINES, Quantity, Sku } from '@sidecart/contracts/common';
import { Money } from '@sidecart/contracts/money';
import { z } from 'zod';
import type { Cart } from './cart.js';
import type { Prices } from './prices.js';

const ItemView = z.object({
  productId: Id,
  sku: Sku,
  name: z.string(),
  image: z.string().nullable(),
  quantity: Quantity,
  unitPrice: Money,
  total: Money,
});
const BareItem = z.object({ productId: Id, sku: Sku, quantity: Quantity });

export const CartView = z
  .object({
    items: z.array(ItemView).max(MAX_LINES),
    subtotal: Money.describe('Of the items; before tax.'),
    count: z.number().int().describe('All pieces of the items.'),
    checkoutId: Id,
    unavailable: z.array(BareItem).describe('What is in the cart and not for sale any more; it is not counted.'),
  })
  .meta({ id: 'Cart' });
export type CartView = z.infer<typeof CartView>;

export const MergedView = CartView.extend({
  adjusted: z
    .array(BareItem.extend({ quantity: z.number().int(), requested: z.number().int() }))
    .describe('What there was too little stock or room for: `requested` is what both carts had, `quantity` what the cart has.'),
}).meta({ id: 'MergedCart' });

/** The cart at the prices of now. `currency` is that of nothing. */
export async function view({ checkoutId, items }: Cart, price: Prices, currency: string): Promise<CartView> {
  const quotes = await Promise.all(items.map(({ productId }) => price(productId)));
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
