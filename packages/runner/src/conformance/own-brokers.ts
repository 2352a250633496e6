/** A place of our own on a broker that a test was given, emptied after. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { createClient } from '@redis/client';

export interface OwnBroker {
  /** The given URL, with that place in it. */
  url: string;
  drop(): Promise<void>;
}

const CLAIM = 'sidecart-test';
/** As many as a Redis server has unless told. */
const REDIS_DATABASES = 16;

/**
 * A database on the server of a `redis:` URL, or a virtual host on that of an `amqp:` URL.
 * @throws when Redis has no empty database, or when there is no `rabbitmqctl` that may make a virtual host
 */
export async function ownBroker(server: string): Promise<OwnBroker> {
  return server.startsWith('redis') ? ownRedisDatabase(server) : ownVirtualHost(server);
}

/** The last one that is empty: people use the first. */
async function ownRedisDatabase(server: string): Promise<OwnBroker> {
  for (let database = REDIS_DATABASES - 1; database > 0; database--) {
    const url = new URL(server);
    url.pathname = `/${database}`;
    const claim = (redis: ReturnType<typeof redisAt>) => redis.set(CLAIM, '', { condition: 'NX' });
    const claimed = await inRedis(url.href, async (redis) => (await redis.dbSize()) === 0 && (await claim(redis)) === 'OK');
    if (claimed) return { url: url.href, drop: () => inRedis(url.href, async (redis) => void (await redis.flushDb())) };
  }
  throw new Error(`All ${REDIS_DATABASES} databases of Redis are in use`);
}

const redisAt = (url: string) => createClient({ url });

async function inRedis<T>(url: string, run: (redis: ReturnType<typeof redisAt>) => Promise<T>): Promise<T> {
  const redis = redisAt(url);
  await redis.connect();
  return run(redis).finally(() => redis.close());
}

async function ownVirtualHost(server: string): Promise<OwnBroker> {
  const name = `sidecart_test_${randomUUID().slice(0, 8)}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await rabbitmqctl('add_vhost', name);
  await rabbitmqctl('set_permissions', '-p', name, decodeURIComponent(url.username), '.*', '.*', '.*');
  return { url: url.href, drop: () => rabbitmqctl('delete_vhost', name) };
}

async function rabbitmqctl(...args: string[]): Promise<void> {
  await promisify(execFile)('rabbitmqctl', args, { timeout: 60_000 });
}
