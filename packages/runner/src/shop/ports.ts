import { createServer } from 'node:net';

/** Ports of 127.0.0.1 that nothing listens on, below the range from which systems take the ports of outgoing connections. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** @throws when something listens on one of these ports, which are given by the setting that names them */
export async function refuseTaken(ports: Record<string, number>): Promise<void> {
  for (const [setting, port] of Object.entries(ports)) {
    if (!(await isFree(port))) throw new Error(`Port ${port} is taken by another program. Stop that, or change ${setting}.`);
  }
}
