import { createServer, type Server } from 'node:http';
import express from 'express';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { serverOf } from '@sidecart/runner/combination';
import type { StateProvider } from '@sidecart/runner/components';
import { ownDatabase } from '@sidecart/runner/databases';
import { startSidecar, testComponents, type Sidecar } from '@sidecart/runner/sidecar';
import { createDapr, type Dapr } from '../src/dapr/dapr.js';
import { key, put } from '../src/store/state.js';
import type { Store } from '../src/store/store.js';

export const count = (name: string) => key<{ n: number }>('count', name);
export const changed = (name: string, n: number) => ({ type: 'count.changed', version: 1, subject: name, sequence: n, data: { name, n } });

/** Adds one to a counter, with an event, and returns the new count. */
export function increment(store: Store, name: string): Promise<number> {
  return store.transact([count(name)], (docs) => {
    const n = (docs.get(count(name))?.n ?? 0) + 1;
    return { write: [put(count(name), { n })], events: [changed(name, n)], result: n };
  });
}

export function isNamed(data: unknown, name: string): boolean {
  return typeof data === 'object' && data !== null && 'name' in data && data.name === name;
}

export interface Bench {
  /** The URL of its database, if it is not SQLite. */
  database: string | undefined;
  /**
   * Starts another sidecar of the app on the same store, like that of another replica. With an app
   * port it delivers events.
   */
  sidecar(appPort?: number): Promise<Sidecar & { dapr: Dapr }>;
  /** Stops all sidecars and drops the database. */
  close(): Promise<void>;
}

export async function openBench(state: StateProvider): Promise<Bench> {
  const server = serverOf(state);
  const database = server ? await ownDatabase(server) : undefined;
  const components = await testComponents({ state, pubsub: 'in-memory', ...(database ? { stateConnection: database.url } : {}) });
  const running: (Sidecar & { dapr: Dapr })[] = [];
  return {
    database: database?.url,
    async sidecar(appPort) {
      const sidecar = await startSidecar({ appId: 'shop', ...components, ...(appPort ? { appPort } : {}) });
      const started = { ...sidecar, dapr: createDapr({ port: sidecar.httpPort, apiToken: undefined }) };
      running.push(started);
      return started;
    },
    async close() {
      await Promise.all(running.map(({ dapr }) => dapr.stop()));
      await Promise.all(running.map((sidecar) => sidecar.stop()));
      await database?.drop();
      await rm(components.folder, { recursive: true, force: true });
    },
  };
}

/** Starts an app that subscribes to the topic `count.changed` and records its events. */
export async function startListener(): Promise<{ port: number; received: { id: string; data: unknown }[]; server: Server }> {
  const received: { id: string; data: unknown }[] = [];
  const app = express().use(express.json({ type: () => true }));
  app.get('/dapr/subscribe', (_req, res) => void res.json([{ pubsubname: 'pubsub', topic: 'count.changed', route: '/events' }]));
  app.post('/events', (req, res) => {
    received.push({ id: req.body.id, data: req.body.data });
    res.json({ status: 'SUCCESS' });
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, received, server };
}
