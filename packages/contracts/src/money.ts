import { z } from 'zod';

/** An amount in the currency's minor unit, e.g. `{ amount: 1999, currency: 'EUR' }` is 19.99 euros. */
export const Money = z.strictObject({
  amount: z.number().int().min(0).max(1_000_000_000_00),
  currency: z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code of three capital letters'),
});
export type Money = z.infer<typeof Money>;
