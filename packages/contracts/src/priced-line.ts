import { z } from 'zod';
import { ProductId, Quantity, Sku } from './common.js';
import { Money } from './money.js';

/**
 * A line of a cart or an order, which is a SKU, with its price. An order keeps its lines as they
 * were when it was placed.
 */
export const PricedLine = z.object({
  sku: Sku,
  /** For display and links. */
  productId: ProductId,
  name: z.string().meta({ examples: ['Brass compass'] }),
  image: z
    .string()
    .nullable()
    .meta({ examples: [null] }),
  quantity: Quantity,
  unitPrice: Money,
  total: Money.meta({ examples: [{ amount: 5_000, currency: 'EUR' }] }),
});
export type PricedLine = z.infer<typeof PricedLine>;
