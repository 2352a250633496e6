import { setTimeout as delay } from 'node:timers/promises';
import lockfile from 'proper-lockfile';

/** Runs `work` while no other process has the lock on this path. The path need not exist. */
export async function withLock(path: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  const release = await lock(path, signal);
  await work().finally(release);
}

async function lock(path: string, signal: AbortSignal): Promise<() => Promise<void>> {
  for (;;) {
    try {
      return await lockfile.lock(path, { realpath: false });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ELOCKED')) throw error;
      await delay(500, undefined, { signal });
    }
  }
}
