import { z } from 'zod';
import { call } from './call.js';
import { CategoryId, ProductId, Sku } from './common.js';
import { event } from './event.js';
import { Money } from './money.js';

/**
 * A draft is visible to staff only. A published product is listed and sold. An unlisted one is sold
 * to anyone who has its link.
 */
export const ProductStatus = z.enum(['draft', 'published', 'unlisted']).meta({ examples: ['published'] });
export type ProductStatus = z.infer<typeof ProductStatus>;

export const MAX_VARIANTS = 100;

/**
 * How many pieces of a variant can be sold beyond what is on hand: `backorder` until more arrive,
 * `preorder` before the first arrive.
 */
export const Backorder = z.strictObject({
  kind: z.enum(['backorder', 'preorder']).meta({ examples: ['backorder'] }),
  limit: z
    .int()
    .min(1)
    .max(100_000)
    .meta({ examples: [20] }),
});
export type Backorder = z.infer<typeof Backorder>;

const Variant = z.object({ sku: Sku, price: Money, backorder: Backorder.nullable() });

/** The `price` of a variant is the one at the time of the event. */
const Product = z.object({
  productId: ProductId,
  name: z.string(),
  status: ProductStatus,
  categoryId: CategoryId.nullable(),
  variants: z.array(Variant).min(1).max(MAX_VARIANTS),
});
export const ProductCreated = event('product.created', 2, Product);
export const ProductUpdated = event('product.updated', 2, Product);
export const ProductDeleted = event('product.deleted', 2, z.object({ productId: ProductId, skus: z.array(Sku).min(1).max(MAX_VARIANTS) }));

const Category = z.object({ categoryId: CategoryId, name: z.string(), slug: z.string(), parentId: CategoryId.nullable() });
export const CategoryCreated = event('category.created', 1, Category);
export const CategoryUpdated = event('category.updated', 1, Category);
export const CategoryDeleted = event('category.deleted', 1, z.object({ categoryId: CategoryId }));

/**
 * The current price of a SKU, with the details of its product that an order keeps. `productId` is
 * for display and links.
 */
export const SkuQuote = z.object({ sku: Sku, productId: ProductId, name: z.string(), price: Money, image: z.string().nullable() });
export type SkuQuote = z.infer<typeof SkuQuote>;

/**
 * Refused as `missing` (`not-for-sale`) if the SKU is unknown, or its product is a draft or
 * deleted.
 */
export const Quote = call('catalog', 'quote', z.strictObject({ sku: Sku }), SkuQuote);
