import { z } from 'zod';

export const Settings = z.object({
  /** Stock of this many pieces or fewer is low, unless told otherwise for its SKU. */
  LOW_STOCK_THRESHOLD: z.coerce.number().int().min(0).default(5),
});
export type Settings = z.infer<typeof Settings>;
