/** JetStream keeps a topic in a stream, which has to be there before a sidecar publishes or subscribes. */
import { DiscardPolicy, JetStreamApiError, jetstreamManager, type StreamConfig, type StreamInfo } from '@nats-io/jetstream';
import { ServiceHeartbeat } from '@sidecart/contracts/heartbeat';
import { connect, nanos, type NatsConnection } from '@nats-io/transport-node';
import { serversOf, USUAL_LIMITS, type Limits } from './config.js';

const DAY = 24 * 60 * 60 * 1000;
const MIB = 1024 * 1024;
const NAME_IN_USE = 10_058;
/** Nobody reads heartbeats. */
const HEARTBEAT_DAYS = 1 / 24;

export interface Topics {
  topics: readonly string[];
  /** Each has a dead-letter topic, `dead-<app id>`. */
  apps: readonly string[];
}

type Wanted = Pick<StreamConfig, 'name' | 'subjects' | 'max_age' | 'max_bytes' | 'num_replicas' | 'discard'>;

/** @throws when `url` is malformed, or no server answers within two seconds and lets us in */
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
 * Makes a stream for every topic, and widens those whose limits are narrower. What is wider stays as it is, and nothing that is kept is
 * lost. May run many times at once.
 */
export async function makeStreams(connection: NatsConnection, { topics, apps }: Topics, limits: Limits = USUAL_LIMITS): Promise<void> {
  const { streams } = await jetstreamManager(connection);
  const known = new Map<string, StreamInfo>();
  for await (const info of streams.list()) known.set(info.config.name, info);

  async function widen(wanted: Wanted, { config }: StreamInfo): Promise<void> {
    const wider = widest(config, wanted);
    if (Object.entries(wider).some(([name, value]) => config[name as keyof typeof wider] !== value)) {
      await streams.update(wanted.name, wider);
    }
  }

  const all = [
    ...topics.map((topic) => stream(topic, topic === ServiceHeartbeat.type ? HEARTBEAT_DAYS : limits.STREAM_DAYS, limits)),
    ...apps.map((app) => stream(`dead-${app}`, limits.DEAD_LETTER_DAYS, limits)),
  ];
  for (const wanted of all) {
    const there = known.get(wanted.name);
    if (there) await widen(wanted, there);
    else {
      await streams.add(wanted).catch(async (error: unknown) => {
        if (!(error instanceof JetStreamApiError && error.code === NAME_IN_USE)) throw error;
        await widen(wanted, await streams.info(wanted.name)); // another made it meanwhile, with other limits
      });
    }
  }
}

function stream(topic: string, days: number, { STREAM_MIB, STREAM_REPLICAS }: Limits): Wanted {
  return {
    name: topic.replaceAll('.', '-'), // a stream's name has no dots
    subjects: [topic],
    max_age: nanos(days * DAY),
    max_bytes: STREAM_MIB * MIB,
    num_replicas: STREAM_REPLICAS,
    discard: DiscardPolicy.Old,
  };
}

/** NATS says 0 for any age, and -1 for any size. */
function widest(there: StreamConfig, wanted: Wanted) {
  return {
    max_age: there.max_age === 0 ? 0 : Math.max(there.max_age, wanted.max_age),
    max_bytes: there.max_bytes === -1 ? -1 : Math.max(there.max_bytes, wanted.max_bytes),
    num_replicas: Math.max(there.num_replicas, wanted.num_replicas),
  };
}
