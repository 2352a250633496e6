import { z } from 'zod';

export const Settings = z.object({
  APP_PORT: z.coerce.number().int().min(1).max(65_535),
  /** Names of services, separated by spaces. Each is reachable at `http://<name>`. */
  SERVICES: z.string().regex(/^[a-z][a-z0-9-]*( [a-z][a-z0-9-]*)*$/, 'must be names separated by spaces'),
});
