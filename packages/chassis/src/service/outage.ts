import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './logger.js';

const PROBE_MS = 1_000;

export interface OutageOptions {
  /** Reads from the state store. Throws while the store is unavailable. */
  probe: () => Promise<unknown>;
  logger: Logger;
}

export type Outage = ReturnType<typeof watchOutage>;

/**
 * Detects that the state store is unavailable. While it is, the service fails the sidecar's health
 * check, so events wait at the broker instead of being retried. Call `check` after a handler has
 * failed.
 */
export function watchOutage({ probe, logger }: OutageOptions) {
  let watching: Promise<void> | undefined;
  let isAway = false;
  const stopped = new AbortController();

  async function watch(): Promise<void> {
    while (!stopped.signal.aborted && !(await responds())) {
      if (!isAway) logger.warn('the state store is unavailable: no events are accepted until it is back');
      isAway = true;
      await delay(PROBE_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
    if (isAway) logger.warn('the state store is back: events are accepted again');
    isAway = false;
    watching = undefined;
  }

  const responds = () =>
    probe().then(
      () => true,
      () => false,
    );

  return {
    check: () => void (watching ??= watch()),
    isAway: () => isAway,
    stop: () => stopped.abort(),
  };
}
