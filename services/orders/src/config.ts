import { z } from 'zod';

export const Settings = z.object({
  /**
   * How many minutes an order waits for its payment. Its stock stays reserved 15 minutes longer,
   * and a day at most.
   */
  PAYMENT_MINUTES: z.coerce
    .number()
    .positive()
    .max(24 * 60 - 15)
    .default(30),
  /** How many unpaid orders a customer may have. Each reserves stock that nobody else can buy. */
  MAX_UNPAID_ORDERS: z.coerce.number().int().min(1).max(1_000).default(10),
  /** Percent of the net prices that are added as tax. */
  TAX_PERCENT: z.coerce.number().min(0).max(100).multipleOf(0.01).default(20),
  /** What needs a verified address; identity has the same setting. `login` includes `orders`. */
  REQUIRE_VERIFIED: z.enum(['never', 'orders', 'login']).default('never'),
});
export type Settings = z.infer<typeof Settings>;
