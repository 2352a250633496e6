import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { PublicKeys, type JwkSet } from '@sidecart/contracts/access-token';
import type { z } from 'zod';
import { Router } from 'express';
import { caller } from '../dapr/calls.js';
import { createVerifier, type Verify } from '../http/auth.js';
import { watchBroker } from './broker-watch.js';
import { Common, settings } from './config.js';
import { createDapr, type Dapr } from '../dapr/dapr.js';
import { createHttp } from '../http/http.js';
import { createLogger, type Logger } from './logger.js';
import { watchOutage } from './outage.js';
import type { Routes } from '../http/routes.js';
import { key } from '../store/state.js';
import { openStore, type Store } from '../store/store.js';
import type { Subscriptions } from '../dapr/subscriptions.js';

/** What a service's `createApp` gets. */
export interface Deps<S> {
  settings: S;
  dapr: Dapr;
  store: Store;
  logger: Logger;
}

/** What it answers. */
export interface App {
  routes: readonly Routes[];
  subscriptions?: Subscriptions;
  /** Runs at every turn of the `cron` binding, on every replica, never twice at once here. */
  onCron?: (now: Date) => Promise<void>;
  /** Bodies above this are refused, e.g. `1mb`. */
  bodyLimit?: string;
  /** Verifies access tokens. By default with the public keys that identity returns. */
  verify?: Verify;
  close?: () => Promise<void>;
}

export interface ServiceOptions<S extends z.ZodObject> {
  name: string;
  /** The service's own settings, from the environment and the secret `sidecart-<name>`. */
  settings: S;
  createApp: (deps: Deps<z.infer<S>>) => App | Promise<App>;
}

const DRAIN_MS = 10_000;

/** Longer than ingress controllers and sidecars keep an idle connection (90 s): who closes first meets no request on its way. */
const KEEP_ALIVE_MS = 120_000;

/**
 * Starts a service: listens first, because the sidecar waits for the port, then waits for the sidecar, loads the secret, opens the store and
 * serves. Drains on SIGTERM and SIGINT. On a bad setting or store it says which and exits with 1.
 */
export async function runService<S extends z.ZodObject>({ name, settings: schema, createApp }: ServiceOptions<S>): Promise<void> {
  const logger = createLogger(name);
  const door = openDoor();
  try {
    const common = settings(Common, process.env);
    await door.listen(common.APP_PORT, common.HOST);
    const dapr = createDapr({ port: common.DAPR_HTTP_PORT, apiToken: common.DAPR_API_TOKEN });
    await dapr.ready();
    const own = settings(schema, { ...process.env, ...(await dapr.secret(`sidecart-${name}`)) });
    const store = await openStore({ dapr, app: name, replica: common.REPLICA });
    const app = await createApp({ settings: own, dapr, store, logger });
    const verify = app.verify ?? createVerifier({ keySet: keySetOf(dapr, logger) });
    const turns = cron(app, logger);
    const sidecar = [subscribe(app, () => dapr.pubsubs()), turns.router];
    const outage = watchOutage({ probe: () => store.read(key('probe')), logger });
    app.subscriptions?.onRetry(outage.check);
    const broker = watchBroker({ dapr, app: name, replica: common.REPLICA, logger });
    const origins = common.CORS_ORIGINS.split(' ').filter(Boolean);
    const { routes, bodyLimit = '256kb' } = app;
    const limits = { perAddress: common.RATE_LIMIT_PER_ADDRESS, perAccount: common.RATE_LIMIT_PER_ACCOUNT };
    const { APP_API_TOKEN: appToken, TRUSTED_PROXIES: trustedProxies } = common;
    door.open(createHttp({ service: name, logger, verify, routes, sidecar, appToken, origins, bodyLimit, trustedProxies, limits }), {
      isReady: dapr.healthy,
      takesEvents: () => !outage.isAway(),
    });
    logger.info({ port: common.APP_PORT }, 'ready');

    const stop = async (signal: string) => {
      logger.info({ signal }, 'stopping');
      outage.stop();
      await door.close(DRAIN_MS);
      await Promise.all([turns.ended(DRAIN_MS), broker.stop()]);
      await app.close?.();
      await store.close();
      await dapr.stop();
      process.exit(0);
    };
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void stop(signal));
  } catch (error) {
    logger.fatal(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

/** Returns a function that loads identity's public keys, and logs when it cannot. */
function keySetOf(dapr: Dapr, logger: Logger): () => Promise<JwkSet> {
  const publicKeys = caller(dapr, PublicKeys);
  return () =>
    publicKeys({}).catch((error: unknown) => {
      logger.warn({ err: error }, 'cannot load the public keys of access tokens; the loaded ones remain valid');
      throw error;
    });
}

/** The sidecar asks when it starts, and again when it has started anew: the broker may have been away the first time. */
function subscribe({ subscriptions }: App, pubsubs: () => Promise<string[]>): Router {
  const router = Router();
  router.get('/dapr/subscribe', async (_req, res) => void res.json(subscriptions?.list(await pubsubs()) ?? []));
  if (subscriptions) router.use(subscriptions.router);
  return router;
}

/** Replies before the turn ends, because the sidecar would count a long turn as a failed one. */
function cron({ onCron }: App, logger: Logger) {
  const router = Router();
  let turn: Promise<void> | undefined;
  router.post('/cron', (_req, res) => {
    res.json({});
    if (!onCron || turn) return;
    turn = onCron(new Date())
      .catch((error: unknown) => logger.warn({ err: error }, 'cron turn failed; the next one goes on'))
      .finally(() => (turn = undefined));
  });
  /** Resolves when the turn under way has ended, or after `ms`. */
  const ended = async (ms: number): Promise<void> => Promise.race([turn, delay(ms, undefined, { ref: false })]);
  return { router, ended };
}

interface Health {
  /** Whether requests can be served. */
  isReady: () => Promise<boolean>;
  /** Whether the sidecar may deliver events. While it may not, the broker keeps them. */
  takesEvents: () => boolean;
}

/** A server that answers health checks at once and lets everything else wait until the service is open. */
function openDoor() {
  let inside: ((handler: RequestListener) => void) | undefined;
  const opened = new Promise<RequestListener>((resolve) => (inside = resolve));
  let handler: RequestListener | undefined;
  let health: Health = { isReady: async () => false, takesEvents: () => true };
  let closing = false;

  const server: Server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => {
    if (closing) res.setHeader('connection', 'close');
    if (req.url === '/health/live' || req.url === '/health') return void res.writeHead(200).end('ok');
    if (req.url === '/health/events') return void res.writeHead(health.takesEvents() ? 200 : 503).end();
    if (req.url === '/health/ready') {
      return void Promise.resolve(handler !== undefined && !closing && health.isReady()).then((ready) =>
        res.writeHead(ready ? 200 : 503).end(ready ? 'ready' : 'not ready'),
      );
    }
    if (handler) return handler(req, res);
    return void opened.then((open) => open(req, res));
  });

  return {
    async listen(port: number, host: string): Promise<number> {
      server.listen(port, host);
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    open(app: RequestListener, checks: Health): void {
      handler = app;
      health = checks;
      inside?.(app);
    },
    /** Lets requests under way finish, for `ms` at the most. */
    async close(ms: number): Promise<void> {
      closing = true;
      const closed = once(server, 'close');
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), ms);
      await closed;
      clearTimeout(timer);
    },
  };
}
