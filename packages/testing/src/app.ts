import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier } from '@sidecart/chassis/auth';
import { createDapr, type Dapr } from '@sidecart/chassis/dapr';
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
  /** The parsed body, whose type the test knows. */
  body: ReturnType<typeof JSON.parse>;
}

export interface Ask {
  /** Sends an access token of this user. */
  as?: User;
  headers?: Record<string, string>;
}

export interface TestApp {
  url: string;
  store: Store;
  /** Returns an access token that the app accepts. `expiresIn` is in seconds. */
  token(user: User, expiresIn?: number): string;
  /** The events that the service has published, in order. */
  published: Envelope[];
  request(method: string, path: string, body?: unknown, ask?: Ask): Promise<Answer>;
  /** POSTs to a route that only the sidecar may call. */
  inside(path: string, body: unknown): Promise<Answer>;
  /** Delivers an event as the sidecar does. Returns the service's reply to the sidecar. */
  deliver(event: NewEvent & { id?: string }): Promise<'SUCCESS' | 'RETRY' | 'DROP'>;
  /**
   * Calls an internal route with one input, as another service does. Returns the output or the
   * refusal.
   */
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
 * Runs a service's app in this process beside a real sidecar, with SQLite and the in-memory broker.
 * `createApp` also receives the clock.
 */
export async function startApp<S>(
  name: string,
  settings: S,
  createApp: (deps: Deps<S> & { now: () => Date }) => App | Promise<App>,
  { now = () => new Date() }: StartOptions = {},
): Promise<TestApp> {
  const components = await testComponents({ pubsub: 'in-memory', files: ['bindings/files-local.yaml', 'bindings/sms-local.yaml'] });
  const server = await startServer();
  const sidecar = await startSidecar({ appId: name, ...components });
  const { dapr, published } = recording(createDapr({ port: sidecar.httpPort, apiToken: undefined }));
  const store = await openStore({ dapr, app: name, replica: 'test', now });
  const logger = createTestLogger(name);
  const app = await createApp({ settings, dapr, store, logger, now });
  const tokens = createTokens();
  const appToken = randomUUID();
  const verify = app.verify ?? createVerifier({ keySet: async () => tokens.keySet });
  const routers = app.subscriptions ? [app.subscriptions.router] : [];
  server.serve(createHttp({ service: name, logger, verify, routes: app.routes, sidecar: routers, appToken }));
  return {
    url: server.url,
    store,
    token: tokens.token,
    published,
    ...clientOf(server.url, tokens.token, appToken),
    async close() {
      server.close();
      await app.close?.();
      await store.close();
      await sidecar.stop();
      await rm(components.folder, { recursive: true, force: true });
    },
  };
}

/** A server on a free port, which replies 503 until `serve` is called. */
async function startServer() {
  let handler: RequestListener = (_req, res) => void res.writeHead(503).end();
  // On a busy machine, `fetch` may reuse an idle connection just as the default of 5 s closes it.
  const server = createServer({ keepAliveTimeout: 120_000 }, (req, res) => handler(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (app: RequestListener): void => void (handler = app),
    close(): void {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Returns a client of the sidecar, and the events that it has published. */
function recording(real: Dapr): { dapr: Dapr; published: Envelope[] } {
  const published: Envelope[] = [];
  const dapr: Dapr = {
    ...real,
    async publish(events) {
      const outcome = await real.publish(events);
      published.push(...events.filter(({ id }) => !outcome.failed.has(id)));
      return outcome;
    },
  };
  return { dapr, published };
}

function clientOf(url: string, token: TestApp['token'], appToken: string): Pick<TestApp, 'request' | 'inside' | 'deliver' | 'call'> {
  async function request(method: string, path: string, body?: unknown, { as, headers = {} }: Ask = {}): Promise<Answer> {
    const answer = await fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(as ? { authorization: `Bearer ${token(as)}` } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  const inside = (path: string, body: unknown) => request('POST', path, body, { headers: { 'dapr-api-token': appToken } });
  return {
    request,
    inside,
    deliver: async (event) => (await inside(`/events/${event.type}`, delivered(event))).body.status,
    call: async (type, input) => (await inside(`/internal/${type.name}`, { inputs: [input] })).body.answers[0],
  };
}

const delivered = (event: NewEvent & { id?: string }) => ({
  specversion: '1.0',
  id: randomUUID(),
  source: 'test',
  time: new Date().toISOString(),
  datacontenttype: 'application/json',
  ...event,
});
