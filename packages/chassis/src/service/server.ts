import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Longer than the 90 s for which ingress controllers and sidecars keep an idle connection, so they
 * close it first and no request is lost on the way.
 */
const KEEP_ALIVE_MS = 120_000;

export interface Health {
  /** Whether requests can be served. */
  isReady: () => Promise<boolean>;
  /** Whether the sidecar may deliver events. Otherwise the broker keeps them. */
  takesEvents: () => boolean;
}

export type ServiceServer = ReturnType<typeof createServiceServer>;

/**
 * A server that replies to health checks from the start, and holds other requests until the service
 * opens it.
 */
export function createServiceServer() {
  let resolveOpened: (handler: RequestListener) => void = () => undefined;
  const opened = new Promise<RequestListener>((resolve) => (resolveOpened = resolve));
  let handler: RequestListener | undefined;
  let health: Health = { isReady: async () => false, takesEvents: () => true };
  let isClosing = false;

  const server: Server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => {
    if (isClosing) res.setHeader('connection', 'close');
    if (req.url === '/health/live' || req.url === '/health') return void res.writeHead(200).end('ok');
    if (req.url === '/health/events') return void res.writeHead(health.takesEvents() ? 200 : 503).end();
    if (req.url === '/health/ready') return void replyReady(res);
    if (handler) return handler(req, res);
    return void opened.then((open) => open(req, res));
  });

  async function replyReady(res: ServerResponse): Promise<void> {
    const isReady = handler !== undefined && !isClosing && (await health.isReady());
    res.writeHead(isReady ? 200 : 503).end(isReady ? 'ready' : 'not ready');
  }

  return {
    async listen(port: number, host: string): Promise<number> {
      server.listen(port, host);
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    open(app: RequestListener, checks: Health): void {
      handler = app;
      health = checks;
      resolveOpened(app);
    },
    /** Lets requests under way finish, for `ms` at most. */
    async close(ms: number): Promise<void> {
      isClosing = true;
      const closed = once(server, 'close');
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), ms);
      await closed;
      clearTimeout(timer);
    },
  };
}
