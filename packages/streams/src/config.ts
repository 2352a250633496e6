import { z } from 'zod';

const count = (usual: number, most: number) => z.coerce.number().int().min(1).max(most).default(usual);

/** What a topic keeps at most, so that a disk is not filled. A dead letter is kept longer: somebody has to look at it. */
const Limits = z.object({
  STREAM_MIB: count(128, 1_048_576),
  STREAM_DAYS: count(7, 3_650),
  DEAD_LETTER_DAYS: count(30, 3_650),
  /** How many servers of a NATS cluster keep each stream; 3 survives the loss of one. */
  STREAM_REPLICAS: count(1, 5),
});

/** The topics that each app subscribes to. */
export type Subscriptions = Record<string, readonly string[]>;

/** `app=topic,topic;app=...`, as in the topic scopes of a component. */
const SUBSCRIPTIONS = z
  .string()
  .regex(/^[\w-]+=[\w.,-]*(;[\w-]+=[\w.,-]*)*$/, 'is not a list like app=topic,topic;app=topic')
  .transform((list): Subscriptions => {
    const apps = list.split(';').map((entry) => entry.split('='));
    return Object.fromEntries(apps.map(([app = '', topics = '']) => [app, topics.split(',').filter(Boolean)]));
  });

/** One of the two. */
const Settings = Limits.extend({
  /** `nats://` or `tls://`, with the token or `user:password`; several servers of a cluster separated by commas. */
  NATS_URL: z
    .string()
    .refine((url) => serversOf(url).every(isAddress), 'is not a list of nats:// or tls:// addresses')
    .optional(),
  RABBITMQ_URL: z.url({ protocol: /^amqps?$/, error: 'is not an amqp:// or amqps:// address' }).optional(),
  /** Needed with RABBITMQ_URL. */
  SUBSCRIPTIONS: SUBSCRIPTIONS.optional(),
})
  .refine(({ NATS_URL, RABBITMQ_URL }) => (NATS_URL === undefined) !== (RABBITMQ_URL === undefined), {
    path: ['NATS_URL'],
    message: 'or RABBITMQ_URL is needed, and not both',
  })
  .refine(({ RABBITMQ_URL, SUBSCRIPTIONS: given }) => RABBITMQ_URL === undefined || given !== undefined, {
    path: ['SUBSCRIPTIONS'],
    message: 'is needed with RABBITMQ_URL',
  });

/** The addresses in a list that is separated by commas, each with a scheme. */
export function serversOf(url: string): string[] {
  const servers = url.split(',').map((server) => server.trim());
  return servers.map((server) => (server.includes('://') ? server : `nats://${server}`));
}

function isAddress(server: string): boolean {
  return URL.canParse(server) && new URL(server).hostname !== '';
}

export type Limits = z.infer<typeof Limits>;

export const USUAL_LIMITS: Limits = Limits.parse({});

/** @throws naming every setting that is missing or malformed; values are not repeated */
export function settings(env: NodeJS.ProcessEnv): z.infer<typeof Settings> {
  const { data, error } = Settings.safeParse(env);
  if (data) return data;
  const lines = error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
  throw new Error(`These settings are missing or malformed:\n${lines.join('\n')}`);
}
