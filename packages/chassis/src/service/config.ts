import { z } from 'zod';
import { LOCAL_NETWORK, TrustedProxies } from '../http/proxies.js';

const RequestsPerMinute = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number of requests per minute, 0 for no limit')
  .transform(Number);

/**
 * The settings that every service has, from the environment that its sidecar and deployment set.
 */
export const Common = z.object({
  /**
   * The address to listen on: every address of a pod, or 127.0.0.1 if the shop runs on one machine.
   */
  HOST: z.string().default('0.0.0.0'),
  APP_PORT: z.coerce.number().int().min(1).max(65_535),
  DAPR_HTTP_PORT: z.coerce.number().int().min(1).max(65_535),
  DAPR_API_TOKEN: z.string().min(16).optional(),
  APP_API_TOKEN: z.string().min(16),
  /** This replica's name, which survives a restart. In a cluster it is the pod's name. */
  REPLICA: z.string().max(100).default('local'),
  /** Browser origins that may call the API, separated by spaces. */
  CORS_ORIGINS: z.string().default(''),
  /** Proxies whose `X-Forwarded-For` is trusted. */
  TRUSTED_PROXIES: TrustedProxies.default(LOCAL_NETWORK),
  /** The limits of each replica; see `Limits`. */
  RATE_LIMIT_PER_ADDRESS: RequestsPerMinute.default(600),
  RATE_LIMIT_PER_ACCOUNT: RequestsPerMinute.default(600),
});

/** Its message has one line per missing or malformed setting, without the value. */
export class BadSettings extends Error {}

/** Parses `values`. Throws `BadSettings` with every missing or malformed setting. */
export function settings<S extends z.ZodObject>(schema: S, values: Record<string, string | undefined>): z.infer<S> {
  const { data, error } = schema.safeParse(values);
  if (data) return data;
  const lines =
    error?.issues.map(({ path, message }) => `  ${path.join('.')}: ${values[String(path[0])] === undefined ? 'is missing' : message}`) ??
    [];
  throw new BadSettings(`These settings are missing or malformed (from the environment or the service's secret):\n${lines.join('\n')}`);
}
