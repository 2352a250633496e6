import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startBroker, type Broker } from '../src/broker.js';
import type { ComponentFolder } from '../src/components.js';
import { listen } from '../src/listen.js';
import { freePorts, startSidecar, testComponents, type Sidecar } from '../src/sidecar.js';
import { until } from '../src/until.js';

const LANES = ['pubsub', ...Array.from({ length: 7 }, (_, index) => `pubsub-${index + 2}`)];

/** So many that every lane gets some. */
const hanging = Array.from({ length: 100 }, (_, index) => `hanging-${index}`);

let broker: Broker;
let brokerFolder = '';
let components: ComponentFolder;
let app: Server;
let appPort = 0;
let sidecar: Sidecar;
/** The events that have come, as often as they came, and what the app says to them: nothing at all while it hangs. */
const come: string[] = [];
let answer: 'SUCCESS' | 'RETRY' | undefined = 'SUCCESS';
const dead: string[] = [];

beforeAll(async () => {
  app = createServer(async (request, response) => {
    const body = await text(request);
    const routes: Record<string, () => unknown> = {
      '/dapr/subscribe': () => [
        ...LANES.map((pubsubname) => ({ pubsubname, topic: 'things', route: '/things', deadLetterTopic: 'dead-things' })),
        { pubsubname: 'pubsub', topic: 'dead-things', route: '/dead' },
      ],
      '/things': () => {
        come.push(JSON.parse(body).id);
        return answer && { status: answer };
      },
      '/dead': () => void dead.push(JSON.parse(body).id),
    };
    const reply = routes[request.url ?? '']?.();
    if (reply !== undefined || request.url !== '/things')
      response.setHeader('content-type', 'application/json').end(JSON.stringify(reply ?? {}));
  });
  appPort = await listen(app, 0, '127.0.0.1');
  components = await testComponents({ pubsub: 'jetstream', pubsubConnection: await ownBroker() });
  await startAgain();
});

afterAll(async () => {
  await sidecar?.stop();
  await broker?.stop();
  app.closeAllConnections();
  app.close();
  await Promise.all([brokerFolder, components.folder].map((folder) => rm(folder, { recursive: true })));
});

async function ownBroker(): Promise<string> {
  brokerFolder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  const [port = 0] = await freePorts(1);
  broker = await startBroker(brokerFolder, port, { topics: ['things'], apps: ['things'] });
  return broker.url;
}

async function startAgain(): Promise<void> {
  sidecar = await startSidecar({ appId: 'taker', appPort, ...components });
}

async function publish(...ids: string[]): Promise<void> {
  for (const id of ids) {
    const { status } = await fetch(`http://127.0.0.1:${sidecar.httpPort}/v1.0/publish/pubsub/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({ specversion: '1.0', id, type: 'thing', source: 'test', data: {} }),
    });
    expect(status).toBe(204);
  }
}

test('takes eight events of a topic at a time', async () => {
  answer = undefined;
  await publish(...hanging);
  await until('eight events under way', 10, async () => come.length === 8);
});

test('delivers again what was under way when the app and its sidecar died', async () => {
  await sidecar.kill();
  app.closeAllConnections();
  come.length = 0;
  answer = 'SUCCESS';
  await startAgain();
  await until('every event has come', 45, async () => hanging.every((id) => come.includes(id)));
});

test('tries an event for about fifteen seconds, then puts it aside as a dead letter', async () => {
  answer = 'RETRY';
  await publish('hopeless');
  await until('the dead letter', 30, async () => dead.includes('hopeless'));
  expect(come.filter((id) => id === 'hopeless')).toHaveLength(8);
});
