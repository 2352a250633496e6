import { z } from 'zod';

const Days = z.coerce.number().int().min(1).max(365);

export const Settings = z.object({
  /**
   * How many minutes a cart holds what is put into it. 0 holds nothing and only checks the stock.
   */
  HOLD_MINUTES: z.coerce
    .number()
    .int()
    .min(0)
    .max(24 * 60)
    .default(15),
  /** How many days after its last change a cart expires. */
  GUEST_CART_DAYS: Days.default(7),
  CUSTOMER_CART_DAYS: Days.default(90),
  /** The currency of an empty cart's total. Other totals have the currency of their prices. */
  CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/, 'Use an ISO 4217 code such as EUR.')
    .default('EUR'),
});
export type Settings = z.infer<typeof Settings>;
