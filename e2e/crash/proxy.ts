/** A TCP proxy that can be cut off. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { listen } from '@sidecart/runner/listen';

export interface Proxy {
  port: number;
  /** Resets all connections and refuses new ones. */
  cut: () => Promise<void>;
  /** Accepts connections again. */
  mend: () => Promise<void>;
}

export async function startProxy(target: { host: string; port: number }): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
    }
    client.pipe(upstream).pipe(client);
  });
  const port = await listen(server, 0, '127.0.0.1');
  return {
    port,
    async cut() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.resetAndDestroy();
      await closed;
    },
    mend: async () => void (await listen(server, port, '127.0.0.1')),
  };
}
