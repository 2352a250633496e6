import { CategoryId, Id } from '@sidecart/contracts/common';
import { z } from 'zod';

const Slug = z
  .string()
  .max(60)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Use lower-case letters and digits, joined by -.')
  .meta({ examples: ['instruments'] });
const Name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .meta({ examples: ['Instruments'] });
const ParentId = CategoryId.nullable().meta({ examples: [null] });

export const ById = z.object({ id: CategoryId });
export const ByIdOrSlug = z.object({ id: Id.meta({ description: 'An id or a slug.', examples: ['instruments'] }) });

export const CategoryBody = z.strictObject({ name: Name, slug: Slug, parentId: ParentId.default(null) });

export const CategoryView = z.object({ id: CategoryId, name: Name, slug: Slug, parentId: ParentId });
export const Node = CategoryView.extend({
  get children() {
    return z.array(Node).meta({ examples: [[]] });
  },
}).meta({ id: 'CategoryTree' });
export const Branch = Node.extend({
  ancestors: z.array(CategoryView).meta({ description: 'From the root down.', examples: [[]] }),
}).meta({ id: 'CategoryBranch' });
export const Trees = z.object({ data: z.array(Node) });
