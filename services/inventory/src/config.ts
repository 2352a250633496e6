import { z } from 'zod';

export const Settings = z.object({
  /**
   * Where the index for the list of stock is kept: `file:<folder>`, `mongodb://<hosts>/<database>`
   * or, for tests, `memory:`.
   */
  DOCUMENTS_URL: z.string().min(1),
  /** Stock of this many pieces or fewer is low, unless staff set another threshold for the SKU. */
  LOW_STOCK_THRESHOLD: z.coerce.number().int().min(0).default(5),
  /**
   * Percent of a SKU's stock on hand that guests may hold together, at least one piece. 100 means
   * no limit.
   */
  GUEST_HOLD_PERCENT: z.coerce.number().int().min(1).max(100).default(50),
  /** How many pieces of all SKUs the guests at one client address may hold together. */
  GUEST_HOLD_PIECES: z.coerce.number().int().min(1).max(1_000_000).default(100),
});
export type Settings = z.infer<typeof Settings>;
