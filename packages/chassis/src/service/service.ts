import { PublicKeys, type JwkSet } from '@sidecart/contracts/access-token';
import { Router } from 'express';
import type { z } from 'zod';
import { caller } from '../dapr/calls.js';
import { createDapr, type Dapr } from '../dapr/dapr.js';
import type { Subscriptions } from '../dapr/subscriptions.js';
import { createVerifier, type Verify } from '../http/auth.js';
import { createHttp } from '../http/http.js';
import type { Routes } from '../http/routes.js';
import { key } from '../store/state.js';
import { openStore, type Store } from '../store/store.js';
import { watchBroker } from './broker-watch.js';
import { Common, settings } from './config.js';
import { createCron } from './cron.js';
import { createLogger, type Logger } from './logger.js';
import { watchOutage } from './outage.js';
import { createServiceServer } from './server.js';

/** What `createApp` of a service receives. */
export interface Deps<S> {
  settings: S;
  dapr: Dapr;
  store: Store;
  logger: Logger;
}

/** What it returns. */
export interface App {
  routes: readonly Routes[];
  subscriptions?: Subscriptions;
  /** Runs at every call of the `cron` binding, on every replica, but not twice at once in one. */
  onCron?: (now: Date) => Promise<void>;
  /** Larger bodies are refused, e.g. `1mb`. */
  bodyLimit?: string;
  /** Verifies access tokens. By default with the public keys that identity returns. */
  verify?: Verify;
  close?: () => Promise<void>;
}

export interface ServiceOptions<S extends z.ZodObject> {
  name: string;
  /** The service's settings, from the environment and the secret `sidecart-<name>`. */
  settings: S;
  createApp: (deps: Deps<z.infer<S>>) => App | Promise<App>;
}

const DRAIN_MS = 10_000;

/**
 * Starts a service. It listens first, because the sidecar waits for the port, then waits for the
 * sidecar, loads the secret, opens the store and serves. It drains on SIGTERM and SIGINT. Invalid
 * settings or an unsuitable store are logged, and the process exits with code 1.
 */
export async function runService<S extends z.ZodObject>({ name, settings: schema, createApp }: ServiceOptions<S>): Promise<void> {
  const logger = createLogger(name);
  const server = createServiceServer();
  try {
    const common = settings(Common, process.env);
    await server.listen(common.APP_PORT, common.HOST);
    const dapr = createDapr({ port: common.DAPR_HTTP_PORT, apiToken: common.DAPR_API_TOKEN });
    await dapr.ready();
    const own = settings(schema, { ...process.env, ...(await dapr.secret(`sidecart-${name}`)) });
    const store = await openStore({ dapr, app: name, replica: common.REPLICA });
    const app = await createApp({ settings: own, dapr, store, logger });
    const verify = app.verify ?? createVerifier({ keySet: keySetOf(dapr, logger) });
    const cron = createCron(app.onCron, logger);
    const sidecar = [subscribe(app, () => dapr.pubsubs()), cron.router];
    const outage = watchOutage({ probe: () => store.read(key('probe')), logger });
    app.subscriptions?.onRetry(outage.check);
    const broker = watchBroker({ dapr, app: name, replica: common.REPLICA, logger });
    const { routes, bodyLimit = '256kb' } = app;
    server.open(createHttp({ service: name, logger, verify, routes, sidecar, bodyLimit, ...httpOptions(common) }), {
      isReady: dapr.healthy,
      takesEvents: () => !outage.isAway(),
    });
    logger.info({ port: common.APP_PORT }, 'ready');

    const stop = async (signal: string) => {
      logger.info({ signal }, 'stopping');
      outage.stop();
      await server.close(DRAIN_MS);
      await Promise.all([cron.idle(DRAIN_MS), broker.stop()]);
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

const httpOptions = (common: z.infer<typeof Common>) => ({
  appToken: common.APP_API_TOKEN,
  trustedProxies: common.TRUSTED_PROXIES,
  origins: common.CORS_ORIGINS.split(' ').filter(Boolean),
  limits: { perAddress: common.RATE_LIMIT_PER_ADDRESS, perAccount: common.RATE_LIMIT_PER_ACCOUNT },
});

/** Returns a function that loads identity's public keys, and logs a failure. */
function keySetOf(dapr: Dapr, logger: Logger): () => Promise<JwkSet> {
  const publicKeys = caller(dapr, PublicKeys);
  return () =>
    publicKeys({}).catch((error: unknown) => {
      logger.warn({ err: error }, 'cannot load the public keys of access tokens; loaded keys remain valid');
      throw error;
    });
}

/**
 * The sidecar reads the subscriptions when it starts. The pub/sub components are read again each
 * time, because the broker may have been unavailable at an earlier start.
 */
function subscribe({ subscriptions }: App, pubsubs: () => Promise<string[]>): Router {
  const router = Router();
  router.get('/dapr/subscribe', async (_req, res) => void res.json(subscriptions?.list(await pubsubs()) ?? []));
  if (subscriptions) router.use(subscriptions.router);
  return router;
}
