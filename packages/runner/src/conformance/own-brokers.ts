/** Databases and virtual hosts for tests on a given broker, which are removed afterwards. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { createClient } from '@redis/client';

export interface OwnBroker {
  /** The broker's URL with the new database or virtual host. */
  url: string;
  drop(): Promise<void>;
}

const CLAIM = 'sidecart-test';
/** The default of a Redis server. */
const REDIS_DATABASES = 16;

/**
 * Returns a database on the server of a `redis:` URL, or a virtual host on that of an `amqp:` URL.
 * @throws if Redis has no empty database, or `rabbitmqctl` is missing or not permitted
 */
export async function ownBroker(server: string): Promise<OwnBroker> {
  return server.startsWith('redis') ? ownRedisDatabase(server) : ownVirtualHost(server);
}

/** Uses the last one that is empty, because people use the first ones. */
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
