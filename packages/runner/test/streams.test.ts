import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import { connectTo } from '@sidecart/streams/streams';
import { startBroker, type Broker } from '../src/shop/broker.js';
import { serverOf } from '../src/conformance/combination.js';
import { ownBroker } from '../src/conformance/own-brokers.js';
import { freePorts } from '../src/shop/ports.js';
import { appsOf, readServices, subscriptionsOf, topicsOf } from '../src/shop/services.js';
import { root } from '../src/tools/root.js';

const DAY = 24 * 60 * 60 * 1e9;
const MIB = 1024 * 1024;

let folder: string;
let port = 0;
let broker: Broker | undefined;
let connection: NatsConnection;
let manager: JetStreamManager;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  [port = 0] = await freePorts(1);
});

afterAll(async () => {
  await connection?.close();
  await broker?.stop();
  await rm(folder, { recursive: true });
});

/** Runs the program of the init container. `said` has its output so far. */
function run(env: Record<string, string>) {
  const child = spawn(process.execPath, [join(root, 'packages/streams/dist/src/main.js')], { env: { ...process.env, ...env } });
  const said = { text: '' };
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => (said.text += chunk.toString()));
  return { child, said, ended: once(child, 'exit').then(([code]: unknown[]) => code) };
}

const services = await readServices();
const APPS = appsOf(services);
const TOPICS = topicsOf(services);
/** The settings that the chart passes, apart from the address. */
const LISTS = {
  TOPICS: TOPICS.join(','),
  SUBSCRIPTIONS: Object.entries(subscriptionsOf(services))
    .map(([app, topics]) => `${app}=${topics.join(',')}`)
    .join(';'),
};

const limitsOf = async (name: string) => (await manager.streams.info(name)).config;

test('refuses settings that are missing or malformed, and names all of them', async () => {
  const neither = run({});
  expect(await neither.ended).toBe(1);
  expect(neither.said.text).toContain('NATS_URL: or RABBITMQ_URL is needed');
  expect(neither.said.text).toContain('SUBSCRIPTIONS: is needed');
  const nats = run({ NATS_URL: 'nats://127.0.0.1:1', SUBSCRIPTIONS: 'orders=' });
  expect(await nats.ended).toBe(1);
  expect(nats.said.text).toContain('TOPICS: is needed with NATS_URL');
  const { said, ended } = run({ NATS_URL: 'nats://', STREAM_DAYS: 'many', SUBSCRIPTIONS: 'orders', TOPICS: 'a,,b' });
  expect(await ended).toBe(1);
  expect(said.text).toContain('NATS_URL: is not a list');
  expect(said.text).toContain('STREAM_DAYS:');
  expect(said.text).toContain('SUBSCRIPTIONS: is not a list');
  expect(said.text).toContain('TOPICS: is not a list');
});

test('waits for the broker and says so, in several processes at once, until every stream exists', async () => {
  const early = run({ NATS_URL: `nats://127.0.0.1:${port}`, ...LISTS });
  await once(early.child.stdout, 'data');
  expect(early.said.text).toContain('trying again');
  early.child.kill();
  expect(await early.ended).toBe(1);

  broker = await startBroker(folder, port, { topics: [], apps: [] });
  connection = await connectTo(broker.url);
  manager = await jetstreamManager(connection);
  const url = `${broker.url},127.0.0.1:1`;
  const together = Array.from({ length: 3 }, () => run({ NATS_URL: url, ...LISTS }));
  expect(await Promise.all(together.map(({ ended }) => ended))).toEqual([0, 0, 0]);
  const names = await manager.streams.names().next();
  expect(names.toSorted()).toEqual([...TOPICS.map((topic) => topic.replaceAll('.', '-')), ...APPS.map((app) => `dead-${app}`)].toSorted());
  expect(await limitsOf('order-paid')).toMatchObject({ max_age: 7 * DAY, max_bytes: 128 * MIB, num_replicas: 1 });
  expect(await limitsOf('dead-orders')).toMatchObject({ max_age: 30 * DAY });
});

test('raises limits of existing streams, never lowers them, and keeps their messages', async () => {
  await jetstream(connection).publish('order.paid', 'kept');
  await manager.streams.update('order-placed', { max_bytes: -1, max_age: 0 });
  expect(await run({ NATS_URL: broker?.url ?? '', ...LISTS, STREAM_MIB: '64', STREAM_DAYS: '14' }).ended).toBe(0);
  expect(await limitsOf('order-paid')).toMatchObject({ max_age: 14 * DAY, max_bytes: 128 * MIB });
  expect(await limitsOf('order-placed')).toMatchObject({ max_age: 0, max_bytes: -1 });
  expect((await manager.streams.info('order-paid')).state.messages).toBe(1);
});

const rabbitmq = serverOf('rabbitmq');
if (!rabbitmq) console.info('queues on RabbitMQ: skipped, TEST_RABBITMQ_URL names no server');

(rabbitmq ? test : test.skip)('makes queues on RabbitMQ that keep events and dead letters before anything subscribes', async () => {
  const own = await ownBroker(rabbitmq ?? '');
  try {
    const makeQueues = () => run({ RABBITMQ_URL: own.url, SUBSCRIPTIONS: 'orders=payment.failed,user.deleted;notifications=' }).ended;
    expect(await Promise.all([makeQueues(), makeQueues(), makeQueues()])).toEqual([0, 0, 0]);
    const amqp = await connect(own.url);
    const channel = await amqp.createConfirmChannel();
    const queues = { 'payment.failed': 'orders-payment.failed', 'dead-notifications': 'dead-notifications' };
    for (const topic of Object.keys(queues)) channel.publish(topic, '', Buffer.from(topic));
    await channel.waitForConfirms();
    expect(await makeQueues()).toBe(0);
    for (const [topic, queue] of Object.entries(queues)) {
      const kept = await channel.get(queue);
      expect(kept && kept.content.toString()).toBe(topic);
    }
    await amqp.close();
  } finally {
    await own.drop();
  }
});
