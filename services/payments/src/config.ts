import { z } from 'zod';

export const Settings = z.object({
  /** The secret that the provider signs its webhooks with. */
  PAYMENT_WEBHOOK_SECRET: z.string().min(16),
  /**
   * Where the simulated provider posts its webhooks: an address of the shop that payments can
   * reach.
   */
  WEBHOOK_URL: z.url().default('http://127.0.0.1:8080/api/payments/webhook'),
});
export type Settings = z.infer<typeof Settings>;
