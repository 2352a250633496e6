import { randomUUID, timingSafeEqual } from 'node:crypto';
import express, { type RequestHandler } from 'express';
import helmet from 'helmet';
import { authenticate, type Verify } from './auth.js';
import { crossOrigin } from './cross-origin.js';
import { DomainError } from './errors.js';
import type { Logger } from '../service/logger.js';
import { limitCaller, limitNetwork, type Limits } from './limits.js';
import { JSON_TYPES } from './media.js';
import { openApi } from './openapi.js';
import { problem } from './problem.js';
import { bareAddresses, LOCAL_NETWORK, type TrustedProxies } from './proxies.js';
import type { Routes } from './routes.js';

export interface HttpOptions {
  service: string;
  logger: Logger;
  verify: Verify;
  routes: readonly Routes[];
  /**
   * Subscriptions and bindings, which only the sidecar may call, like the internal routes of
   * `routes`.
   */
  sidecar: readonly express.Router[];
  /** `APP_API_TOKEN`, which the sidecar sends with every call. */
  appToken: string;
  /** Browser origins that may call. None by default. */
  origins?: string[];
  /** Larger bodies are refused. */
  bodyLimit?: string;
  /** Proxies whose `X-Forwarded-For` is trusted. By default those of the local network. */
  trustedProxies?: TrustedProxies;
  /** No limits by default. */
  limits?: Limits;
}

const POLICY = { contentSecurityPolicy: { directives: { baseUri: ["'none'"] } } };
const UNLIMITED: Limits = { perAddress: 0, perAccount: 0 };

/**
 * Returns the Express app of a service, with what all its routes share: limits, identification, and
 * one form of error.
 */
export function createHttp({ service, logger, verify, routes, sidecar, appToken, ...options }: HttpOptions) {
  const { origins = [], bodyLimit = '256kb', trustedProxies = LOCAL_NETWORK, limits = UNLIMITED } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('trust proxy', trustedProxies);
  app.use(bareAddresses, requestId, logRequests(logger), onlyWith(appToken, sidecarRouter(sidecar, routes)));
  app.use(helmet(POLICY), crossOrigin(origins, routes), limitNetwork(limits));
  app.use(identify(verify, limitCaller(limits, isExempt(routes))));
  app.use(deferBody(express.json({ limit: bodyLimit, type: JSON_TYPES, verify: keepRawBody })));
  let document: ReturnType<typeof openApi> | undefined;
  app.get('/openapi.json', (_req, res) => void res.json((document ??= openApi(service, routes))));
  for (const { router } of routes) app.use(router);
  app.use((req) => {
    throw new DomainError('missing', 'no-such-route', `There is no route ${req.method} ${req.path}.`);
  });
  app.use(problem(logger));
  return app;
}

/** Returns a router with the routes that only the sidecar may call. */
function sidecarRouter(sidecar: readonly express.Router[], routes: readonly Routes[]): express.Router {
  const router = express.Router().use(express.json({ limit: '4mb', type: JSON_TYPES }));
  for (const each of [...sidecar, ...routes.map(({ internal }) => internal)]) router.use(each);
  return router;
}

/** A request without the token skips the routes, as if they did not exist. */
const onlyWith =
  (token: string, router: express.Router): RequestHandler =>
  (req, res, next) =>
    sameText(req.header('dapr-api-token') ?? '', token) ? router(req, res, next) : next();

/**
 * Sets `req.user`. A request with an invalid token counts against the limit too, so tokens cannot
 * be guessed faster.
 */
function identify(verify: Verify, limit: RequestHandler): RequestHandler {
  return async (req, res, next) => {
    const authError = await authenticate(req, verify).catch((error: unknown) => error);
    await limit(req, res, (limitError?: unknown) => next(limitError ?? authError));
  };
}

/**
 * Returns a function that tells requests for routes with `limit: 'network'`, whose paths have no
 * parameters.
 */
function isExempt(routes: readonly Routes[]): (req: express.Request) => boolean {
  const exempt = routes.flatMap(({ endpoints }) => endpoints.filter(({ limit }) => limit === 'network'));
  const names = new Set(exempt.map(({ method, path }) => `${method.toUpperCase()} ${path}`));
  return ({ method, path }) => names.has(`${method} ${path}`);
}

/** Defers parsing the body until a route that takes one has admitted the caller. */
function deferBody(json: RequestHandler): RequestHandler {
  return (req, res, next) => {
    req.readJson = () =>
      new Promise((resolve, reject) => json(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error))));
    next();
  };
}

function keepRawBody(req: express.Request, _res: unknown, body: Buffer): void {
  req.rawBody = body;
}

const requestId: RequestHandler = (req, res, next) => {
  const given = req.headers['x-request-id'];
  req.id = typeof given === 'string' && /^[\w-]{8,64}$/.test(given) ? given : randomUUID();
  res.setHeader('x-request-id', req.id);
  next();
};

function logRequests(logger: Logger): RequestHandler {
  return (req, res, next) => {
    const start = performance.now();
    res.on('finish', () => {
      const path = req.originalUrl.split('?')[0];
      const ms = Math.round((performance.now() - start) * 10) / 10;
      logger.info({ method: req.method, path, status: res.statusCode, ms, requestId: req.id });
    });
    next();
  };
}

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
