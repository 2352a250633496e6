import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Has a file for each port that a process has claimed, with the process id. */
const CLAIMS = join(tmpdir(), 'sidecart-ports');

/**
 * Returns free ports of 127.0.0.1, outside the range that systems use for outgoing connections. No
 * other process gets them until this one ends, because a program may take seconds to listen.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!ports.has(port) && (await isFree(port)) && claim(port)) ports.add(port);
  }
  return [...ports];
}

function claim(port: number): boolean {
  mkdirSync(CLAIMS, { recursive: true });
  const file = join(CLAIMS, String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!isAbandoned(file)) return false;
    rmSync(file, { force: true });
    return claim(port);
  }
}

/** Whether the process that claimed a port is gone. */
function isAbandoned(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return false;
  } catch {
    return true;
  }
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** @throws if one of these ports is in use. They are given by the setting that changes them. */
export async function refuseTaken(ports: Record<string, number>): Promise<void> {
  for (const [setting, port] of Object.entries(ports)) {
    if (!(await isFree(port))) throw new Error(`Port ${port} is in use. Stop the program that uses it, or change ${setting}.`);
  }
}
