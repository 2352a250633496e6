import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Pool } from 'undici';
import { loadApps } from './apps.js';
import { forward, tunnel } from './forward.js';
import { listen } from '../tools/listen.js';
import { root } from '../tools/root.js';
import { edgePages, sendPage } from './pages.js';
import { refuseUpgrade, sendProblem } from './problem.js';
import { routerOf } from './routes.js';
import type { Services } from '../shop/services.js';

/** Connections to one service, WebSockets included. Further requests wait. */
const MAX_CONNECTIONS = 512;

export interface EdgeOptions {
  /** 0 uses a free port. */
  port: number;
  host?: string;
  /** Base URL by app id. */
  targets: Record<string, string>;
  services: Services;
  /** The folder with the services' folders. Defaults to the repository. */
  project?: string;
  /** Address of the mail catcher's page, for the link on the start page. */
  mailPage?: string;
}

/** Replaces the ingress on a developer's machine: serves the public routes and a start page. */
export async function startEdge(options: EdgeOptions): Promise<{ url: string; close(): Promise<void> }> {
  const { port, host = '127.0.0.1', targets, services, project = root, mailPage } = options;
  const serviceOf = routerOf(services);
  const pages = edgePages(mailPage);
  const apps = await loadApps(services, targets, project);
  const pools = new Map(
    Object.entries(targets).map(([service, url]) => [
      service,
      new Pool(url, { connections: MAX_CONNECTIONS, connect: { timeout: 2_000 }, headersTimeout: 60_000, bodyTimeout: 60_000 }),
    ]),
  );
  const tunnels = new Set<Duplex>();
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 65_000 }, handle);
  server.on('upgrade', upgrade);

  function handle(req: IncomingMessage, res: ServerResponse): void {
    identify(req);
    const path = pathOf(req);
    const page = req.method === 'GET' ? pages.get(path) : undefined;
    if (page) return sendPage(res, page);
    const service = serviceOf(path);
    if (service === undefined) return sendProblem(req, res, 404, 'Nothing is served at this path.');
    const app = apps.get(service);
    if (app) return app(req, res);
    const pool = pools.get(service);
    if (!pool) return sendProblem(req, res, 502, `${service} is not running here.`);
    void forward(pool, req.url ?? path, req, res);
  }

  function upgrade(req: IncomingMessage, client: Duplex, head: Buffer): void {
    identify(req);
    tunnels.add(client);
    client.once('close', () => tunnels.delete(client)).on('error', () => client.destroy());
    const pool = pools.get(serviceOf(pathOf(req)) ?? '');
    if (req.headers.upgrade?.toLowerCase() !== 'websocket') return refuseUpgrade(req, client, 501, 'The only upgrade is to WebSocket.');
    if (!pool) return refuseUpgrade(req, client, 404, 'Nothing is served at this path.');
    void tunnel(pool, req, client, head);
  }

  async function close(): Promise<void> {
    for (const client of tunnels) client.destroy();
    server.close();
    server.closeAllConnections();
    await Promise.all([once(server, 'close'), ...[...pools.values()].map((pool) => pool.destroy())]);
  }

  return { url: `http://${host}:${await listen(server, port, host)}`, close };
}

function pathOf(req: IncomingMessage): string {
  return (req.url ?? '/').split('?', 1)[0] ?? '/';
}

/** Gives the request an id, unless the client sent a usable one. */
function identify(req: IncomingMessage): void {
  const given = req.headers['x-request-id'];
  if (typeof given !== 'string' || !/^[\w-]{1,64}$/.test(given)) req.headers['x-request-id'] = randomUUID();
}
