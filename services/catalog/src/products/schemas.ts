import { ProductStatus } from '@sidecart/contracts/catalog';
import { CategoryId, Instant, ProductId, Sku } from '@sidecart/contracts/common';
import { Availability } from '@sidecart/contracts/inventory';
import { Money } from '@sidecart/contracts/money';
import { z } from 'zod';

const Name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ examples: ['Brass compass'] });
const Description = z
  .string()
  .trim()
  .max(5_000)
  .meta({ examples: ['Points north.'] });
const Attributes = z
  .array(z.strictObject({ name: z.string().trim().min(1).max(50), value: z.string().trim().min(1).max(200) }))
  .max(30)
  .meta({ examples: [[{ name: 'Material', value: 'brass' }]] });

/** Returns the bodies of requests that change products, with prices in this currency. */
export function productBodies(currency: string) {
  const Price = Money.refine((price) => price.currency === currency, { path: ['currency'], message: `Prices must be in ${currency}.` });
  const Replace = z.strictObject({
    name: Name,
    description: Description,
    price: Price,
    status: ProductStatus,
    categoryId: CategoryId.nullable(),
    attributes: Attributes,
  });
  return {
    Create: Replace.extend({
      sku: Sku,
      description: Description.default(''),
      status: ProductStatus.default('draft'),
      categoryId: CategoryId.nullable().default(null),
      attributes: Attributes.default([]),
    }),
    Replace,
    Edit: z.strictObject({
      name: Name.exactOptional(),
      description: Description.exactOptional(),
      price: Price.exactOptional(),
      status: ProductStatus.exactOptional(),
      categoryId: CategoryId.nullable().exactOptional(),
      attributes: Attributes.exactOptional(),
    }),
  };
}

export const ById = z.object({ id: ProductId });

export const ProductView = z.object({
  id: ProductId,
  sku: Sku.meta({ description: 'What carts and orders name.' }),
  name: Name,
  description: Description,
  price: Money,
  status: ProductStatus,
  categoryId: CategoryId.nullable(),
  attributes: Attributes,
  version: z.int().meta({ examples: [3] }),
  createdAt: Instant,
  updatedAt: Instant,
});
export type ProductView = z.infer<typeof ProductView>;

export const ProductPage = ProductView.extend({
  availability: z.object({
    status: Availability,
    available: z
      .int()
      .nullable()
      .meta({ description: 'The pieces that can be bought, or null if inventory did not answer.', examples: [18] }),
  }),
});
