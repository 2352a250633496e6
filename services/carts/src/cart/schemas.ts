import { CheckoutId, MAX_LINES, MAX_QUANTITY, ProductId, Quantity, Sku } from '@sidecart/contracts/common';
import { Money } from '@sidecart/contracts/money';
import { PricedLine } from '@sidecart/contracts/priced-line';
import { z } from 'zod';

export const SESSION = 'x-cart-session-id';

export const CartHeaders = z.object({
  [SESSION]: z
    .string()
    .regex(/^[\w-]{16,64}$/, 'Use 16 to 64 letters, digits, - and _.')
    .meta({
      description: "Identifies a guest's cart. A guest who sends none gets one in the same header of the answer.",
      examples: ['guest-6f1d0c8a7b2e4935'],
    })
    .optional(),
});
export type CartHeaders = z.infer<typeof CartHeaders>;

export const BySku = z.object({ sku: Sku });
export const NewItem = z.strictObject({ sku: Sku, quantity: Quantity });
export const NewQuantity = z.strictObject({
  quantity: z
    .int()
    .min(0)
    .max(MAX_QUANTITY)
    .meta({ examples: [3] }),
});

export const BareItem = z.object({ sku: Sku, productId: ProductId, quantity: Quantity });

export const CartView = z
  .object({
    items: z.array(PricedLine).max(MAX_LINES),
    subtotal: Money.meta({ description: 'The sum of the items, before tax.', examples: [{ amount: 5_000, currency: 'EUR' }] }),
    count: z.int().meta({ description: 'The pieces of all items.', examples: [2] }),
    checkoutId: CheckoutId.meta({ description: 'Changes when the cart becomes an order.' }),
    unavailable: z.array(BareItem).meta({
      description: 'Lines that are no longer for sale. They do not count.',
      examples: [[{ sku: 'LANTERN-2', productId: '79c717da-2a39-48b5-8f40-1eb9ddd1828a', quantity: 1 }]],
    }),
  })
  .meta({ id: 'Cart' });
export type CartView = z.infer<typeof CartView>;
