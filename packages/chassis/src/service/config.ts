import { z } from 'zod';
import { LOCAL_NETWORK, TrustedProxies } from '../http/proxies.js';

const RequestsPerMinute = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number of requests per minute, 0 for no limit')
  .transform(Number);

/** What every service needs to know beside its own settings. Source: the environment that daprd and the deployment give it. */
export const Common = z.object({
  /** The address to listen on: all of a pod's, this machine's own where the shop runs on one. */
  HOST: z.string().default('0.0.0.0'),
  APP_PORT: z.coerce.number().int().min(1).max(65_535),
  DAPR_HTTP_PORT: z.coerce.number().int().min(1).max(65_535),
  DAPR_API_TOKEN: z.string().min(16).optional(),
  APP_API_TOKEN: z.string().min(16),
  /** Names this replica, the same after a restart. In a cluster the pod's name. */
  REPLICA: z.string().max(100).default('local'),
  /** Browser origins that may call the API, separated by spaces. */
  CORS_ORIGINS: z.string().default(''),
  /** Proxies whose `X-Forwarded-For` is believed. */
  TRUSTED_PROXIES: TrustedProxies.default(LOCAL_NETWORK),
  /** Limits of each replica: see `Limits`. */
  RATE_LIMIT_PER_ADDRESS: RequestsPerMinute.default(600),
  RATE_LIMIT_PER_ACCOUNT: RequestsPerMinute.default(600),
});

/** Thrown with one line for each setting that is missing or malformed. Values are not repeated. */
export class BadSettings extends Error {}

/** Checks `values` against `schema`. Throws `BadSettings` naming every bad setting at once. */
export function settings<S extends z.ZodObject>(schema: S, values: Record<string, string | undefined>): z.infer<S> {
  const { data, error } = schema.safeParse(values);
  if (data) return data;
  const lines =
    error?.issues.map(({ path, message }) => `  ${path.join('.')}: ${values[String(path[0])] === undefined ? 'is missing' : message}`) ??
    [];
  throw new BadSettings(`These settings are missing or malformed (from the environment or the service's secret):\n${lines.join('\n')}`);
}
