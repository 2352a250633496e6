import { parseArgs } from 'node:util';
import { z } from 'zod';

/** Usual addresses of other servers on a developer's machine. */
const URLS = {
  postgresql: 'postgres://postgres@127.0.0.1:5432/sidecart',
  mysql: 'mysql://root@127.0.0.1:3306/sidecart',
  redis: 'redis://127.0.0.1:6379',
  rabbitmq: 'amqp://guest:guest@127.0.0.1:5672',
};

export const USAGE = `Usage: npm start -- [options], or npm run dev -- [options]
  --fresh              delete all data in .sidecart/ first
  --state NAME         sqlite (default), postgresql, mysql
  --state-url URL      its address: ${URLS.postgresql}, ${URLS.mysql}
  --pubsub NAME        jetstream (default), redis, rabbitmq
  --pubsub-url URL     its address: ${URLS.redis}, ${URLS.rabbitmq}
  --port N             port of the shop (8080)
  --mail-port N        port of the page with its mails (8025)
  --smtp-port N        port of the mail catcher (1025)
  --nats-port N        port of its NATS (14222)
The ports of services and sidecars are in charts/sidecart/services.yaml.`;

const Port = z.coerce.number('must be a port').int().min(1).max(65_535);

const Flags = z.object({
  fresh: z.boolean().default(false),
  state: z.enum(['sqlite', 'postgresql', 'mysql']).default('sqlite'),
  'state-url': z.url().optional(),
  pubsub: z.enum(['jetstream', 'redis', 'rabbitmq']).default('jetstream'),
  'pubsub-url': z.url().optional(),
  port: Port.default(8080),
  'mail-port': Port.default(8025),
  'smtp-port': Port.default(1025),
  'nats-port': Port.default(14_222),
});

const text = { type: 'string' } as const;
const OPTIONS = {
  fresh: { type: 'boolean' },
  state: text,
  'state-url': text,
  pubsub: text,
  'pubsub-url': text,
  port: text,
  'mail-port': text,
  'smtp-port': text,
  'nats-port': text,
} as const;

/**
 * Parses the flags of `npm start`. `state` and `pubsub` are undefined for the shop's own.
 * @throws with the usage if a flag or its value is unknown
 */
export function startFlags(args: string[]) {
  try {
    const flags = Flags.parse(parseArgs({ args, options: OPTIONS, strict: true }).values);
    const { state, pubsub } = flags;
    return {
      fresh: flags.fresh,
      state: state === 'sqlite' ? undefined : { provider: state, connection: flags['state-url'] ?? URLS[state] },
      pubsub: pubsub === 'jetstream' ? undefined : { provider: pubsub, connection: flags['pubsub-url'] ?? URLS[pubsub] },
      ports: {
        '--port': flags.port,
        '--mail-port': flags['mail-port'],
        '--smtp-port': flags['smtp-port'],
        '--nats-port': flags['nats-port'],
      },
    };
  } catch (error) {
    const reasons =
      error instanceof z.ZodError ? error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`) : [String(error)];
    throw new Error([...reasons, USAGE].join('\n'), { cause: error });
  }
}
