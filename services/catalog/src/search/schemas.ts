import { MAX_LIMIT } from '@sidecart/chassis/documents';
import { ProductStatus } from '@sidecart/contracts/catalog';
import { Availability } from '@sidecart/contracts/inventory';
import { z } from 'zod';
import { ProductView } from '../products/schemas.js';

const Summary = ProductView.omit({ description: true, attributes: true, version: true, updatedAt: true }).extend({
  availability: z.object({ status: Availability }),
});

const Cursor = z
  .string()
  .max(2_000)
  .meta({ examples: ['WyItY3JlYXRlZEF0IiwxNzY5ODYwODAwMDAwLCJjMGE4ZDZmMi03YjNlLTRmNTEtOGE5NC02ZDJlMWYwYjljMzciXQ'] });

export const Summaries = z.object({
  data: z.array(Summary),
  next: Cursor.nullable().meta({ description: 'The cursor of the next page, or null on the last.' }),
});
export type Summaries = z.infer<typeof Summaries>;

const Amount = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const Narrowing = z.strictObject({
  category: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'An id or a slug. Subcategories are included.', examples: ['instruments'] }),
  minPrice: Amount.optional().meta({ description: 'In minor units.', examples: [1_000] }),
  maxPrice: Amount.optional().meta({ description: 'In minor units.', examples: [3_000] }),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(20),
  cursor: Cursor.optional(),
});

export const ListQuery = Narrowing.extend({
  sort: z.enum(['newest', 'name', 'price', '-price']).default('newest'),
  status: ProductStatus.default('published').meta({ description: 'Only staff can list products that are not published.' }),
});

export const SearchQuery = Narrowing.extend({
  q: z
    .string()
    .min(1)
    .max(400)
    .meta({ description: 'Each word must be the beginning of a word of the product.', examples: ['brass comp'] }),
});
