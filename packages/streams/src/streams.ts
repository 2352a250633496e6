/**
 * JetStream keeps a topic in a stream, which must exist before a sidecar publishes or subscribes.
 */
import { DiscardPolicy, JetStreamApiError, jetstreamManager, type StreamConfig, type StreamInfo } from '@nats-io/jetstream';
import { ServiceHeartbeat } from '@sidecart/contracts/heartbeat';
import { connect, nanos, type NatsConnection } from '@nats-io/transport-node';
import { DEFAULT_LIMITS, serversOf, type Limits } from './config.js';

const DAY = 24 * 60 * 60 * 1000;
const MIB = 1024 * 1024;
const NAME_IN_USE = 10_058;
/** Heartbeats have no subscriber. */
const HEARTBEAT_DAYS = 1 / 24;

export interface Topics {
  topics: readonly string[];
  /** Each has a dead-letter topic, `dead-<app id>`. */
  apps: readonly string[];
}

type Wanted = Pick<StreamConfig, 'name' | 'subjects' | 'max_age' | 'max_bytes' | 'num_replicas' | 'discard'>;

/** Throws if `url` is malformed, or no server accepts the login within two seconds. */
export async function connectTo(url: string): Promise<NatsConnection> {
  const servers = serversOf(url).map((server) => new URL(server));
  const { username = '', password = '' } = servers.find((server) => server.username !== '') ?? {};
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  return connect({
    servers: servers.map(({ hostname, port }) => `${hostname}:${port || '4222'}`),
    ...(user !== '' && (pass === '' ? { token: user } : { user, pass })),
    ...(servers.some(({ protocol }) => protocol === 'tls:') && { tls: {} }),
    reconnect: false,
    timeout: 2_000,
  });
}

/**
 * Creates a stream for every topic. Raises limits of existing streams that are lower and keeps those
 * that are higher, so no event is lost. May run several times at once.
 */
export async function makeStreams(connection: NatsConnection, { topics, apps }: Topics, limits: Limits = DEFAULT_LIMITS): Promise<void> {
  const { streams } = await jetstreamManager(connection);
  const existing = new Map<string, StreamInfo>();
  for await (const info of streams.list()) existing.set(info.config.name, info);

  async function raise(wanted: Wanted, { config }: StreamInfo): Promise<void> {
    const limits = highest(config, wanted);
    if (Object.entries(limits).some(([name, value]) => config[name as keyof typeof limits] !== value)) {
      await streams.update(wanted.name, limits);
    }
  }

  const all = [
    ...topics.map((topic) => streamOf(topic, topic === ServiceHeartbeat.type ? HEARTBEAT_DAYS : limits.STREAM_DAYS, limits)),
    ...apps.map((app) => streamOf(`dead-${app}`, limits.DEAD_LETTER_DAYS, limits)),
  ];
  for (const wanted of all) {
    const stream = existing.get(wanted.name);
    if (stream) await raise(wanted, stream);
    else {
      await streams.add(wanted).catch(async (error: unknown) => {
        if (!(error instanceof JetStreamApiError && error.code === NAME_IN_USE)) throw error;
        // Another process has just created it, with other limits.
        await raise(wanted, await streams.info(wanted.name));
      });
    }
  }
}

function streamOf(topic: string, days: number, { STREAM_MIB, STREAM_REPLICAS }: Limits): Wanted {
  return {
    name: topic.replaceAll('.', '-'), // names of streams cannot have dots
    subjects: [topic],
    max_age: nanos(days * DAY),
    max_bytes: STREAM_MIB * MIB,
    num_replicas: STREAM_REPLICAS,
    discard: DiscardPolicy.Old,
  };
}

/** In NATS, an age of 0 and a size of -1 are unlimited. */
function highest(existing: StreamConfig, wanted: Wanted) {
  return {
    max_age: existing.max_age === 0 ? 0 : Math.max(existing.max_age, wanted.max_age),
    max_bytes: existing.max_bytes === -1 ? -1 : Math.max(existing.max_bytes, wanted.max_bytes),
    num_replicas: Math.max(existing.num_replicas, wanted.num_replicas),
  };
}
