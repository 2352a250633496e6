import { z } from 'zod';

export const Settings = z.object({
  /** How long an order waits for its payment. Stock is reserved for a day at the longest, 15 minutes of it to spare. */
  PAYMENT_MINUTES: z.coerce
    .number()
    .positive()
    .max(24 * 60 - 15)
    .default(30),
  /** Unpaid orders of one customer at most: each has stock reserved that nobody else can buy. */
  MAX_UNPAID_ORDERS: z.coerce.number().int().min(1).max(1_000).default(10),
  /** Added to the net prices. */
  TAX_PERCENT: z.coerce.number().min(0).max(100).multipleOf(0.01).default(20),
  /** What needs an address that is proved, as identity has it; whoever may not sign in may not order either. */
  REQUIRE_VERIFIED: z.enum(['never', 'orders', 'login']).default('never'),
});
export type Settings = z.infer<typeof Settings>;
