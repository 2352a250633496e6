import { z } from 'zod';

export const Settings = z.object({
  /** How long an order waits for its payment. */
  PAYMENT_MINUTES: z.coerce
    .number()
    .positive()
    .max(7 * 24 * 60)
    .default(30),
  /** Added to the net prices. */
  TAX_PERCENT: z.coerce.number().min(0).max(100).multipleOf(0.01).default(20),
});
export type Settings = z.infer<typeof Settings>;
