import { z } from 'zod';

export const Settings = z.object({
  /**
   * Where the index for lists and search is kept: `file:<folder>`, `mongodb://<hosts>/<database>`
   * or, for tests, `memory:`.
   */
  DOCUMENTS_URL: z.string().min(1),
  /** The currency of all prices. */
  CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/, 'Use an ISO 4217 code such as EUR.')
    .default('EUR'),
});
export type Settings = z.infer<typeof Settings>;
