import { randomUUID, timingSafeEqual } from 'node:crypto';
import cors from 'cors';
import express, { type RequestHandler } from 'express';
import helmet from 'helmet';
import { authenticate, type Verify } from './auth.js';
import { DomainError } from './errors.js';
import type { Logger } from '../service/logger.js';
import { JSON_TYPES } from './media.js';
import { openApi } from './openapi.js';
import { problem } from './problem.js';
import type { Routes } from './routes.js';

export interface HttpOptions {
  service: string;
  logger: Logger;
  verify: Verify;
  routes: readonly Routes[];
  /** Routes that only the sidecar may call: subscriptions and bindings. */
  sidecar: readonly express.Router[];
  /** `APP_API_TOKEN`: what the sidecar sends with every call, and nobody else knows. */
  appToken: string | undefined;
  /** Browser origins that may call; none unless told. */
  origins?: string[];
  /** Bodies above this are refused. */
  bodyLimit?: string;
}

/** The Express app of a service: what every request passes on its way in, the routes, and one form of error on the way out. */
export function createHttp({ service, logger, verify, routes, sidecar, appToken, origins = [], bodyLimit = '256kb' }: HttpOptions) {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('trust proxy', 1); // the ingress
  app.use(requestId, logRequests(logger));
  app.get('/openapi.json', (_req, res) => void res.json(openApi(service, routes)));
  const json = express.json({ limit: bodyLimit, type: JSON_TYPES, verify: keepRawBody });
  app.use(['/internal', '/events', '/dapr', '/cron'], onlySidecar(appToken), express.json({ limit: '4mb', type: JSON_TYPES }));
  for (const router of sidecar) app.use(router);
  app.use(
    helmet(),
    cors({ origin: origins, exposedHeaders: ['x-cart-session-id', 'x-request-id', 'retry-after'] }),
    json,
    authenticate(verify),
  );
  for (const { router } of routes) app.use(router);
  app.use((req) => {
    throw new DomainError('missing', 'no-such-route', `${req.method} ${req.path} is not a route.`);
  });
  app.use(problem(logger));
  return app;
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

function onlySidecar(token: string | undefined): RequestHandler {
  return (req, _res, next) => {
    if (token === undefined || sameText(req.header('dapr-api-token') ?? '', token)) return next();
    throw new DomainError('missing', 'no-such-route', `${req.method} ${req.path} is not a route.`);
  };
}

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
