import { z } from 'zod';

export const Settings = z.object({
  /** Stock of this many pieces or fewer is low, unless told otherwise for its SKU. */
  LOW_STOCK_THRESHOLD: z.coerce.number().int().min(0).default(5),
  /** Percent of a SKU's pieces on hand that guests may hold together; always one piece. 100 sets no limit. */
  GUEST_HOLD_PERCENT: z.coerce.number().int().min(1).max(100).default(50),
  /** Pieces that the guests at one client address may hold together, over all SKUs. */
  GUEST_HOLD_PIECES: z.coerce.number().int().min(1).max(1_000_000).default(100),
});
export type Settings = z.infer<typeof Settings>;
