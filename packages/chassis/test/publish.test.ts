import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Envelope } from '@sidecart/contracts/event';
import { startBroker, type Broker } from '@sidecart/runner/broker';
import type { ComponentFolder } from '@sidecart/runner/components';
import { freePorts, startSidecar, testComponents, type Sidecar } from '@sidecart/runner/sidecar';
import { until } from '@sidecart/runner/until';
import { createDapr, type Dapr } from '../src/dapr/dapr.js';
import { key, put } from '../src/store/state.js';
import { openStore, type Store } from '../src/store/store.js';
import { startListener } from './harness.js';

let folder: string;
let broker: Broker;
let components: ComponentFolder;
let listener: Awaited<ReturnType<typeof startListener>>;
let sidecar: Sidecar;
let dapr: Dapr;
let store: Store;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  const [port = 0] = await freePorts(1);
  broker = await startBroker(folder, port, { topics: ['count.changed'], apps: [] });
  components = await testComponents({ pubsub: 'jetstream', pubsubConnection: broker.url });
  listener = await startListener();
  sidecar = await startSidecar({ appId: 'shop', appPort: listener.port, ...components });
  dapr = createDapr({ port: sidecar.httpPort, apiToken: undefined });
  store = await openStore({ dapr, app: 'shop', replica: 'main' });
}, 60_000);

afterAll(async () => {
  await store?.close();
  await sidecar?.stop();
  await broker?.stop();
  listener.server.close();
  await Promise.all([folder, components.folder].map((path) => rm(path, { recursive: true, force: true })));
}, 60_000);

const changed = (id: string): Envelope => ({
  specversion: '1.0',
  id,
  type: 'count.changed',
  version: 1,
  source: 'shop',
  time: new Date().toISOString(),
  subject: id,
  sequence: 1,
  datacontenttype: 'application/json',
  data: { name: id },
});

const change = (name: string) =>
  store.transact([], () => ({
    write: [put(key('count', name), { n: 1 })],
    events: [{ type: 'count.changed', version: 1, subject: name, sequence: 1, data: { name } }],
    result: undefined,
  }));

const names = () => listener.received.map(({ data }) => (data as { name: string }).name);

test('returns the events that the broker did not accept, and loses none that was committed during an outage', async () => {
  expect(await dapr.publish([changed('before')])).toEqual({ failed: new Set() });

  await broker.kill();
  const committed = Array.from({ length: 20 }, (_, n) => `away-${n}`);
  await Promise.all(committed.map(change));
  // Takes longer than the component waits for the broker.
  const { failed } = await dapr.publish([changed('refused-1'), changed('refused-2')]);
  expect(failed).toEqual(new Set(['refused-1', 'refused-2']));
  await broker.restart();

  await until('every committed event has arrived', 60, async () => committed.every((name) => names().includes(name)));
}, 120_000);
