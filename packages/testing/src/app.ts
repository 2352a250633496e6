import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier } from '@sidecart/chassis/auth';
import { createDapr } from '@sidecart/chassis/dapr';
import { createHttp } from '@sidecart/chassis/http';
import type { App, Deps } from '@sidecart/chassis/service';
import { openStore, type Store } from '@sidecart/chassis/store';
import type { User } from '@sidecart/contracts/access-token';
import type { CallType } from '@sidecart/contracts/call';
import type { Envelope, NewEvent } from '@sidecart/contracts/event';
import { startSidecar, testComponents } from '@sidecart/runner/sidecar';
import { createTestLogger } from './logger.js';
import { createTokens } from './tokens.js';

export interface Answer {
  status: number;
  headers: Headers;
  /** The parsed body; what it should be is the test's to say. */
  body: ReturnType<typeof JSON.parse>;
}

export interface Ask {
  /** Who asks: sends an access token of theirs. */
  as?: User;
  headers?: Record<string, string>;
}

export interface TestApp {
  url: string;
  store: Store;
  /** An access token that the app accepts; `expiresIn` in seconds. */
  token(user: User, expiresIn?: number): string;
  /** What the service published, in order. */
  published: Envelope[];
  request(method: string, path: string, body?: unknown, ask?: Ask): Promise<Answer>;
  /** POSTs to a route that only the sidecar may call. */
  inside(path: string, body: unknown): Promise<Answer>;
  /** Delivers an event as the sidecar would, and answers what the sidecar would do with it. */
  deliver(event: NewEvent & { id?: string }): Promise<'SUCCESS' | 'RETRY' | 'DROP'>;
  /** Calls an internal route as another service would: one input, its output or its refusal. */
  call<I, O>(
    type: CallType<I, O>,
    input: I,
  ): Promise<{ output?: O; refused?: { kind: string; slug: string; detail: string; extras?: { lines?: unknown[]; retryAfter?: number } } }>;
  close(): Promise<void>;
}

export interface StartOptions {
  /** The clock of the store and the app. */
  now?: () => Date;
}

/**
 * Runs a service's app in this process beside a real sidecar, over SQLite and the in-memory broker.
 * `createApp` also gets the clock.
 */
export async function startApp<S>(
  name: string,
  settings: S,
  createApp: (deps: Deps<S> & { now: () => Date }) => App | Promise<App>,
  { now = () => new Date() }: StartOptions = {},
): Promise<TestApp> {
  const appToken = randomUUID();
  const components = await testComponents({ pubsub: 'in-memory', files: ['bindings/files-local.yaml', 'bindings/sms-local.yaml'] });
  let handler: RequestListener = (_req, res) => void res.writeHead(503).end();
  const server = createServer((req, res) => handler(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sidecar = await startSidecar({ appId: name, ...components });
  const published: Envelope[] = [];
  const real = createDapr({ port: sidecar.httpPort, apiToken: undefined });
  const dapr = {
    ...real,
    async publish(events: readonly Envelope[]) {
      const outcome = await real.publish(events);
      published.push(...events.filter(({ id }) => !outcome.failed.has(id)));
      return outcome;
    },
  };
  const store = await openStore({ dapr, app: name, replica: 'test', now });
  const logger = createTestLogger(name);
  const app = await createApp({ settings, dapr, store, logger, now });
  const tokens = createTokens();
  const verify = app.verify ?? createVerifier({ keySet: async () => tokens.keySet });
  const routers = app.subscriptions ? [app.subscriptions.router] : [];
  handler = createHttp({ service: name, logger, verify, routes: app.routes, sidecar: routers, appToken });
  const url = `http://127.0.0.1:${port}`;

  async function request(method: string, path: string, body?: unknown, { as, headers = {} }: Ask = {}): Promise<Answer> {
    const answer = await fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(as ? { authorization: `Bearer ${tokens.token(as)}` } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  const inside = (path: string, body: unknown) => request('POST', path, body, { headers: { 'dapr-api-token': appToken } });
  return {
    url,
    store,
    token: tokens.token,
    published,
    request,
    inside,
    async deliver(event) {
      const wire = {
        specversion: '1.0',
        id: randomUUID(),
        source: 'test',
        time: new Date().toISOString(),
        datacontenttype: 'application/json',
        ...event,
      };
      return (await inside(`/events/${event.type}`, wire)).body.status;
    },
    async call(type, input) {
      const { body } = await inside(`/internal/${type.name}`, { inputs: [input] });
      return body.answers[0];
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await app.close?.();
      await store.close();
      await sidecar.stop();
      await rm(components.folder, { recursive: true, force: true });
    },
  };
}
