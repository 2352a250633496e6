import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './logger.js';

const PROBE_MS = 1_000;

export interface OutageOptions {
  /** Reads something from the state store; throws while the store is away. */
  probe: () => Promise<unknown>;
  logger: Logger;
}

export type Outage = ReturnType<typeof watchOutage>;

/**
 * Knows whether the state store is away. Meanwhile the service tells its sidecar, by the health check, to deliver no events: they
 * wait at the broker instead of being tried again and again. `check` is called when a handler has failed.
 */
export function watchOutage({ probe, logger }: OutageOptions) {
  let watching: Promise<void> | undefined;
  let isAway = false;
  const stopped = new AbortController();

  async function watch(): Promise<void> {
    while (!stopped.signal.aborted && !(await answers())) {
      if (!isAway) logger.warn('the state store is away: no events are taken until it is back');
      isAway = true;
      await delay(PROBE_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
    if (isAway) logger.warn('the state store is back: events are taken again');
    isAway = false;
    watching = undefined;
  }

  const answers = () =>
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
