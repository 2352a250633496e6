import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeQueues } from '@sidecart/streams/queues';
import { startBroker } from '../src/shop/broker.js';
import { contractPubsubs, serverOf } from '../src/conformance/combination.js';
import type { ComponentFolder, PubsubProvider } from '../src/shop/components.js';
import { listen } from '../src/tools/listen.js';
import { ownBroker, type OwnBroker } from '../src/conformance/own-brokers.js';
import { freePorts, startSidecar, testComponents, type Sidecar } from '../src/shop/sidecar.js';
import { until } from '../src/tools/until.js';

/** How many events of a topic an app gets at a time, and on how many components. */
const AT_ONCE = { jetstream: 8, redis: 50, rabbitmq: 50 };
const LANES = { jetstream: 8, redis: 1, rabbitmq: 1 };

if (!serverOf('redis')) console.info('pub/sub on Redis: skipped, TEST_REDIS_URL names no server');
if (!serverOf('rabbitmq')) console.info('pub/sub on RabbitMQ: skipped, TEST_RABBITMQ_URL names no server');

async function brokerFor(provider: PubsubProvider): Promise<OwnBroker> {
  if (provider !== 'jetstream') {
    const own = await ownBroker(serverOf(provider) ?? '');
    if (provider === 'rabbitmq') await makeQueues(own.url, { taker: ['things'] });
    return own;
  }
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  const [port = 0] = await freePorts(1);
  const broker = await startBroker(folder, port, { topics: ['things'], apps: ['things'] });
  const drop = async () => {
    await broker.stop();
    await rm(folder, { recursive: true });
  };
  return { url: broker.url, drop };
}

describe.each(contractPubsubs())('pub/sub on %s', (provider) => {
  /** Enough for every lane to get some. */
  const hanging = Array.from({ length: 100 }, (_, index) => `hanging-${index}`);
  const lanes = ['pubsub', ...Array.from({ length: LANES[provider] - 1 }, (_, index) => `pubsub-${index + 2}`)];

  let broker: OwnBroker;
  let components: ComponentFolder;
  let app: Server;
  let appPort = 0;
  let sidecar: Sidecar;
  /** The ids of the deliveries, in order. */
  const delivered: string[] = [];
  /** What the app replies. `undefined` means that it hangs. */
  let answer: 'SUCCESS' | 'RETRY' | 'DROP' | undefined = 'SUCCESS';
  const dead: string[] = [];

  beforeAll(async () => {
    app = createServer(async (request, response) => {
      const body = await text(request);
      const routes: Record<string, () => unknown> = {
        '/dapr/subscribe': () => [
          ...lanes.map((pubsubname) => ({ pubsubname, topic: 'things', route: '/things', deadLetterTopic: 'dead-things' })),
          { pubsubname: 'pubsub', topic: 'dead-things', route: '/dead' },
        ],
        '/things': () => {
          delivered.push(JSON.parse(body).id);
          return answer && { status: answer };
        },
        '/dead': () => void dead.push(JSON.parse(body).id),
      };
      const reply = routes[request.url ?? '']?.();
      if (reply !== undefined || request.url !== '/things')
        response.setHeader('content-type', 'application/json').end(JSON.stringify(reply ?? {}));
    });
    appPort = await listen(app, 0, '127.0.0.1');
    broker = await brokerFor(provider);
    components = await testComponents({ pubsub: provider, pubsubConnection: broker.url });
  }, 60_000);

  afterAll(async () => {
    await sidecar?.stop();
    await broker?.drop();
    app.closeAllConnections();
    app.close();
    await rm(components.folder, { recursive: true });
  }, 60_000);

  async function start(): Promise<void> {
    sidecar = await startSidecar({ appId: 'taker', appPort, ...components });
  }

  async function publish(ids: string[], { httpPort } = sidecar): Promise<void> {
    for (const id of ids) {
      const { status } = await fetch(`http://127.0.0.1:${httpPort}/v1.0/publish/pubsub/things`, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify({ specversion: '1.0', id, type: 'thing', source: 'test', data: {} }),
      });
      expect(status).toBe(204);
    }
  }

  test('keeps what was published before its subscriber first started', async () => {
    const teller = await startSidecar({ appId: 'teller', ...components });
    await publish(['early'], teller).finally(() => teller.stop());
    await start();
    await until('the early event', 10, async () => delivered.includes('early'));
  }, 60_000);

  test(`delivers ${AT_ONCE[provider]} events of a topic at a time`, async () => {
    answer = undefined;
    delivered.length = 0;
    await publish(hanging);
    await until('so many events under way', 10, async () => delivered.length === AT_ONCE[provider]);
  });

  test('delivers again what was under way when the app and its sidecar died', async () => {
    await sidecar.kill();
    app.closeAllConnections();
    delivered.length = 0;
    answer = 'SUCCESS';
    await start();
    await until('every event has come', 90, async () => hanging.every((id) => delivered.includes(id)));
  }, 120_000);

  test('makes an event that is refused a dead letter at once', async () => {
    answer = 'DROP';
    await publish(['refused']);
    await until('the dead letter', 10, async () => dead.includes('refused'));
    expect(delivered.filter((id) => id === 'refused')).toHaveLength(1);
  });

  test('retries an event for as long as it takes, without making it a dead letter', async () => {
    answer = 'RETRY';
    await publish(['patient']);
    const tries = () => delivered.filter((id) => id === 'patient').length;
    await until('twenty tries', 60, async () => tries() >= 20);
    answer = 'SUCCESS';
    const before = tries();
    await until('the last try', 10, async () => tries() > before);
    expect(dead).not.toContain('patient');
  }, 90_000);
});
