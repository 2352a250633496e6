import { randomUUID } from 'node:crypto';
import { ServiceHeartbeat } from '@sidecart/contracts/heartbeat';
import { DaprError, type Dapr } from '../dapr/dapr.js';
import type { Logger } from './logger.js';

const PROBE_MS = 30_000;
const RESTART_MS = 60_000;

/**
 * The errors of a sidecar whose broker component does not recover: NATS's client closes for good
 * after two minutes without a server, and a component that cannot connect at the start is missing.
 */
const GONE_FOR_GOOD = /nats: connection closed|ERR_PUBSUB_NOT_FOUND|pubsub .* (is )?not (found|configured)/i;

export interface BrokerWatchOptions {
  dapr: Pick<Dapr, 'publish' | 'restart'>;
  app: string;
  replica: string;
  logger: Logger;
  probeMs?: number;
  restartMs?: number;
}

/**
 * Publishes a heartbeat every 30 seconds. Restarts a sidecar whose broker component does not
 * recover, at most once a minute, until the broker is back. The service keeps running: its calls
 * wait longer than the two seconds that a sidecar needs to start.
 */
export function watchBroker({ dapr, app, replica, logger, probeMs = PROBE_MS, restartMs = RESTART_MS }: BrokerWatchOptions) {
  let restartedAt = Number.NEGATIVE_INFINITY;
  let probing: Promise<void> | undefined;

  async function probe(): Promise<void> {
    const event = ServiceHeartbeat(app, 1, { replica });
    const time = new Date().toISOString();
    const envelope = { specversion: '1.0' as const, id: randomUUID(), source: app, time, datacontenttype: 'application/json' as const };
    const { reason } = await dapr.publish([{ ...envelope, ...event }]);
    if (reason === undefined || !GONE_FOR_GOOD.test(reason) || performance.now() - restartedAt < restartMs) return;
    restartedAt = performance.now();
    logger.warn({ reason: reason.slice(0, 300) }, 'the sidecar has lost its broker: restarting it');
    await dapr.restart().catch((error: unknown) => {
      if (!(error instanceof DaprError)) throw error;
      logger.warn({ err: error }, 'the sidecar did not accept the request to shut down');
    });
  }

  const timer = setInterval(() => {
    probing ??= probe().finally(() => (probing = undefined));
  }, probeMs);
  timer.unref();

  return {
    async stop(): Promise<void> {
      clearInterval(timer);
      await probing;
    },
  };
}
