import { MAX_LIMIT } from '@sidecart/chassis/documents';
import { ProductStatus } from '@sidecart/contracts/catalog';
import { Id, Instant, Sku } from '@sidecart/contracts/common';
import { Availability } from '@sidecart/contracts/inventory';
import { Money } from '@sidecart/contracts/money';
import { z } from 'zod';

const Name = z.string().trim().min(1).max(200);
const Description = z.string().trim().max(5_000);
const Attributes = z.array(z.strictObject({ name: z.string().trim().min(1).max(50), value: z.string().trim().min(1).max(200) })).max(30);

/** The bodies of product writes. Prices are in the shop's currency. */
export function productBodies(currency: string) {
  const Price = Money.refine((price) => price.currency === currency, { path: ['currency'], message: `Prices here are in ${currency}.` });
  const CategoryId = Id.nullable();
  const Replace = z.strictObject({
    name: Name,
    description: Description,
    price: Price,
    status: ProductStatus,
    categoryId: CategoryId,
    attributes: Attributes,
  });
  return {
    Create: Replace.extend({
      sku: Sku,
      description: Description.default(''),
      status: ProductStatus.default('draft'),
      categoryId: CategoryId.default(null),
      attributes: Attributes.default([]),
    }),
    Replace,
    Edit: z.strictObject({
      name: Name.exactOptional(),
      description: Description.exactOptional(),
      price: Price.exactOptional(),
      status: ProductStatus.exactOptional(),
      categoryId: CategoryId.exactOptional(),
      attributes: Attributes.exactOptional(),
    }),
  };
}

export const ById = z.object({ id: Id });

export const Product = z.object({
  id: Id,
  sku: Sku,
  name: z.string(),
  description: z.string(),
  price: Money,
  status: ProductStatus,
  categoryId: Id.nullable(),
  attributes: Attributes,
  version: z.int(),
  createdAt: Instant,
  updatedAt: Instant,
});

export const Detail = Product.extend({
  availability: z.object({ status: Availability, available: z.int().nullable().meta({ description: 'Null while it is not known.' }) }),
});

const Summary = Product.omit({ description: true, attributes: true, version: true, updatedAt: true }).extend({
  availability: z.object({ status: Availability }),
});

export const Page = z.object({ data: z.array(Summary), next: z.string().nullable().meta({ description: 'The cursor of the next page.' }) });

const Amount = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const Narrow = z.strictObject({
  category: z.string().min(1).max(64).optional().meta({ description: 'Id or slug; what is in its subcategories counts.' }),
  minPrice: Amount.optional().meta({ description: 'In minor units.' }),
  maxPrice: Amount.optional().meta({ description: 'In minor units.' }),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(20),
  cursor: z.string().max(2_000).optional(),
});
export const Listing = Narrow.extend({
  sort: z.enum(['newest', 'name', 'price', '-price']).default('newest'),
  status: ProductStatus.default('published').meta({ description: 'Others than published are for staff.' }),
});
export const Search = Narrow.extend({ q: z.string().min(1).max(400) });

const slug = /^[a-z0-9]+(-[a-z0-9]+)*$/;
export const CategoryBody = z.strictObject({
  name: z.string().trim().min(1).max(100),
  slug: z.string().max(60).regex(slug, 'lower-case letters and digits, joined by -'),
  parentId: Id.nullable().default(null),
});

export const Category = z.object({ id: Id, name: z.string(), slug: z.string(), parentId: Id.nullable() });
export const Node = Category.extend({
  get children() {
    return z.array(Node);
  },
}).meta({ id: 'CategoryTree' });
export const Branch = Node.extend({ ancestors: z.array(Category) }).meta({ id: 'CategoryBranch' });
