import { z } from 'zod';

const Days = z.coerce.number().int().min(1).max(365);

export const Settings = z.object({
  /** How long what is in a cart is held for it; 0 holds nothing and only looks whether it is there. */
  HOLD_MINUTES: z.coerce
    .number()
    .int()
    .min(0)
    .max(24 * 60)
    .default(15),
  /** How long after its last change a cart is kept. */
  GUEST_CART_DAYS: Days.default(7),
  CUSTOMER_CART_DAYS: Days.default(90),
  /** Of the total of an empty cart; all others are in the currency of their prices. */
  CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code of three capital letters')
    .default('EUR'),
});
export type Settings = z.infer<typeof Settings>;
