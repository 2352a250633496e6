import { MAX_LIMIT } from '@sidecart/chassis/documents';
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

/** The bodies of product writes. Prices are in the shop's currency. */
export function productBodies(currency: string) {
  const Price = Money.refine((price) => price.currency === currency, { path: ['currency'], message: `Prices here are in ${currency}.` });
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
export const ByCategory = z.object({ id: CategoryId });

export const Product = z.object({
  id: ProductId,
  sku: Sku,
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

export const Detail = Product.extend({
  availability: z.object({
    status: Availability,
    available: z
      .int()
      .nullable()
      .meta({ description: 'Null while it is not known.', examples: [18] }),
  }),
});

const Summary = Product.omit({ description: true, attributes: true, version: true, updatedAt: true }).extend({
  availability: z.object({ status: Availability }),
});

const Cursor = z
  .string()
  .max(2_000)
  .meta({ examples: ['WyItY3JlYXRlZEF0IiwxNzY5ODYwODAwMDAwLCJjMGE4ZDZmMi03YjNlLTRmNTEtOGE5NC02ZDJlMWYwYjljMzciXQ'] });

export const Page = z.object({ data: z.array(Summary), next: Cursor.nullable().describe('The cursor of the next page.') });

const Amount = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const Narrow = z.strictObject({
  category: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'Id or slug; what is in its subcategories counts.', examples: ['instruments'] }),
  minPrice: Amount.optional().meta({ description: 'In minor units.', examples: [1_000] }),
  maxPrice: Amount.optional().meta({ description: 'In minor units.', examples: [3_000] }),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(20),
  cursor: Cursor.optional(),
});
export const Listing = Narrow.extend({
  sort: z.enum(['newest', 'name', 'price', '-price']).default('newest'),
  status: ProductStatus.default('published').meta({ description: 'Others than published are for staff.' }),
});
export const Search = Narrow.extend({
  q: z
    .string()
    .min(1)
    .max(400)
    .meta({ examples: ['brass comp'] }),
});

const Slug = z
  .string()
  .max(60)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case letters and digits, joined by -')
  .meta({ examples: ['instruments'] });
const CategoryName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .meta({ examples: ['Instruments'] });
const ParentId = CategoryId.nullable().meta({ examples: [null] });
export const CategoryBody = z.strictObject({
  name: CategoryName,
  slug: Slug,
  parentId: ParentId.default(null),
});

export const Category = z.object({ id: CategoryId, name: CategoryName, slug: Slug, parentId: ParentId });
export const Node = Category.extend({
  get children() {
    return z.array(Node).meta({ examples: [[]] });
  },
}).meta({ id: 'CategoryTree' });
export const Branch = Node.extend({ ancestors: z.array(Category).meta({ description: 'From the root down.', examples: [[]] }) }).meta({
  id: 'CategoryBranch',
});
