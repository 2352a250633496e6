import { z } from 'zod';

/** The largest amount, in minor units. */
export const MAX_AMOUNT = 1_000_000_000_00;

/** An amount in the currency's minor unit: `{ amount: 1999, currency: 'EUR' }` is 19.99 euros. */
export const Money = z.strictObject({
  amount: z
    .number()
    .int()
    .min(0)
    .max(MAX_AMOUNT)
    .meta({ examples: [2_500] }),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'Use an ISO 4217 code such as EUR.')
    .meta({ examples: ['EUR'] }),
});
export type Money = z.infer<typeof Money>;
