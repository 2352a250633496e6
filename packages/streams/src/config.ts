import { z } from 'zod';

const count = (fallback: number, max: number) => z.coerce.number().int().min(1).max(max).default(fallback);

/**
 * The most that a topic keeps, so it cannot fill a disk. Dead letters are kept longer, because
 * people have to look at them.
 */
const Limits = z.object({
  STREAM_MIB: count(128, 1_048_576),
  STREAM_DAYS: count(7, 3_650),
  DEAD_LETTER_DAYS: count(30, 3_650),
  /** The servers of a NATS cluster that keep each stream. Three survive the loss of one. */
  STREAM_REPLICAS: count(1, 5),
});

/** The topics that each app subscribes to. An app without subscriptions has an entry too. */
export type Subscriptions = Record<string, readonly string[]>;

/** `topic,topic` */
const TOPICS = z
  .string()
  .regex(/^[\w.-]+(,[\w.-]+)*$/, 'is not a list like topic,topic')
  .transform((list) => list.split(','));

/** `app=topic,topic;app=...`, as in the topic scopes of a component. */
const SUBSCRIPTIONS = z
  .string()
  .regex(/^[\w-]+=[\w.,-]*(;[\w-]+=[\w.,-]*)*$/, 'is not a list like app=topic,topic;app=topic')
  .transform((list): Subscriptions => {
    const apps = list.split(';').map((entry) => entry.split('='));
    return Object.fromEntries(apps.map(([app = '', topics = '']) => [app, topics.split(',').filter(Boolean)]));
  });

/** Either NATS_URL or RABBITMQ_URL. */
const Settings = Limits.extend({
  /**
   * `nats://` or `tls://`, with the token or `user:password`. Commas separate the servers of a
   * cluster.
   */
  NATS_URL: z
    .string()
    .refine((url) => serversOf(url).every(isAddress), 'is not a list of nats:// or tls:// addresses')
    .optional(),
  RABBITMQ_URL: z.url({ protocol: /^amqps?$/, error: 'is not an amqp:// or amqps:// address' }).optional(),
  /** Always required. */
  SUBSCRIPTIONS: SUBSCRIPTIONS.optional(),
  /** All published topics, for NATS. RabbitMQ needs only those with subscribers. */
  TOPICS: TOPICS.optional(),
})
  .refine(({ NATS_URL, RABBITMQ_URL }) => (NATS_URL === undefined) !== (RABBITMQ_URL === undefined), {
    path: ['NATS_URL'],
    message: 'or RABBITMQ_URL is needed, and not both',
  })
  .refine(({ SUBSCRIPTIONS: given }) => given !== undefined, { path: ['SUBSCRIPTIONS'], message: 'is needed' })
  .refine(({ NATS_URL, TOPICS: given }) => NATS_URL === undefined || given !== undefined, {
    path: ['TOPICS'],
    message: 'is needed with NATS_URL',
  });

/** Returns the addresses of a comma-separated list, each with a scheme. */
export function serversOf(url: string): string[] {
  const servers = url.split(',').map((server) => server.trim());
  return servers.map((server) => (server.includes('://') ? server : `nats://${server}`));
}

function isAddress(server: string): boolean {
  return URL.canParse(server) && new URL(server).hostname !== '';
}

export type Limits = z.infer<typeof Limits>;

export const DEFAULT_LIMITS: Limits = Limits.parse({});

/**
 * Parses the environment. Throws an error with every missing or malformed setting, without its
 * value.
 */
export function settings(env: NodeJS.ProcessEnv): z.infer<typeof Settings> {
  const { data, error } = Settings.safeParse(env);
  if (data) return data;
  const lines = error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
  throw new Error(`These settings are missing or malformed:\n${lines.join('\n')}`);
}
