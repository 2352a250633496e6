import { setTimeout as delay } from 'node:timers/promises';
import { Router } from 'express';
import type { Logger } from './logger.js';

/**
 * Runs `onCron` when the sidecar's `cron` binding calls, unless it is still running. Replies before
 * it ends, because the sidecar counts a slow reply as a failure.
 */
export function createCron(onCron: ((now: Date) => Promise<void>) | undefined, logger: Logger) {
  const router = Router();
  let running: Promise<void> | undefined;

  router.post('/cron', (_req, res) => {
    res.json({});
    if (!onCron || running) return;
    running = onCron(new Date())
      .catch((error: unknown) => logger.warn({ err: error }, 'cron job failed; it runs again at the next call'))
      .finally(() => (running = undefined));
  });

  return {
    router,
    /** Resolves when the job has ended, or after `ms`. */
    idle: async (ms: number): Promise<void> => Promise.race([running, delay(ms, undefined, { ref: false })]),
  };
}
