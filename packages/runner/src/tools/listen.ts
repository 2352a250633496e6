import { once } from 'node:events';
import type { Server } from 'node:net';

/** Starts to listen and returns the port. 0 uses a free one. */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : port;
}
