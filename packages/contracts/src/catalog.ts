import { z } from 'zod';
import { call } from './call.js';
import { CategoryId, ProductId, Sku } from './common.js';
import { event } from './event.js';
import { Money } from './money.js';

/** Draft: staff only. Published: listed and sold. Unlisted: sold to whoever has the address. */
export const ProductStatus = z.enum(['draft', 'published', 'unlisted']).meta({ examples: ['published'] });
export type ProductStatus = z.infer<typeof ProductStatus>;

const Product = z.object({
  productId: ProductId,
  sku: Sku,
  name: z.string(),
  price: Money,
  status: ProductStatus,
  categoryId: CategoryId.nullable(),
});
export const ProductCreated = event('product.created', 1, Product);
export const ProductUpdated = event('product.updated', 1, Product);
export const ProductDeleted = event('product.deleted', 1, z.object({ productId: ProductId, sku: Sku }));

const Category = z.object({ categoryId: CategoryId, name: z.string(), slug: z.string(), parentId: CategoryId.nullable() });
export const CategoryCreated = event('category.created', 1, Category);
export const CategoryUpdated = event('category.updated', 1, Category);
export const CategoryDeleted = event('category.deleted', 1, z.object({ categoryId: CategoryId }));

/** What a product costs now, and what an order keeps of it. */
export const Quoted = z.object({ productId: ProductId, sku: Sku, name: z.string(), price: Money, image: z.string().nullable() });
export type Quoted = z.infer<typeof Quoted>;

/** Quotes a SKU. Refused as `missing` (`not-for-sale`) if the SKU is unknown, or its product is a draft or deleted. */
export const Quote = call('catalog', 'quote', z.strictObject({ sku: Sku }), Quoted);
