import { afterEach, expect, jest, test } from '@jest/globals';
import { until } from '@sidecart/runner/until';
import { watchBroker } from '../src/service/broker-watch.js';
import type { Published } from '../src/dapr/dapr.js';
import { createLogger } from '../src/service/logger.js';
import { watchOutage } from '../src/service/outage.js';

const logger = createLogger('test');
logger.level = 'silent';

afterEach(() => {
  jest.useRealTimers();
});

/** A watch on a sidecar that replies to every heartbeat with `reason`. Counts its restarts. */
function watched(reason: () => string | undefined) {
  let restarts = 0;
  const publish = async (): Promise<Published> => {
    const text = reason();
    return { failed: new Set(), ...(text === undefined ? {} : { reason: text }) };
  };
  const restart = async () => void restarts++;
  const watch = watchBroker({ dapr: { publish, restart }, app: 'shop', replica: 'one', logger });
  return { watch, restarts: () => restarts };
}

const CLOSED = '{"failedEntries":[{"entryId":"1","error":"nats: connection closed"}],"errorCode":"ERR_PUBSUB_PUBLISH_MESSAGE"}';
const ABSENT = '{"errorCode":"ERR_PUBSUB_NOT_FOUND","message":"pubsub pubsub is not found"}';

test.each([
  ['has closed its connection to the broker for good', CLOSED],
  ['started without its broker', ABSENT],
])('restarts a sidecar that %s, once a minute', async (_name, reason) => {
  jest.useFakeTimers();
  const { watch, restarts } = watched(() => reason);
  await jest.advanceTimersByTimeAsync(30_000);
  expect(restarts()).toBe(1);
  await jest.advanceTimersByTimeAsync(10 * 60_000);
  expect(restarts()).toBe(11);
  await watch.stop();
});

test.each([undefined, 'nats: timeout', 'no response in 10000 ms', 'channel/connection is not open'])(
  'does not restart a sidecar whose broker responds or can recover: %s',
  async (reason) => {
    jest.useFakeTimers();
    const { watch, restarts } = watched(() => reason);
    await jest.advanceTimersByTimeAsync(10 * 60_000);
    expect(restarts()).toBe(0);
    await watch.stop();
  },
);

test('accepts no events from the moment the store is found unavailable until it is back', async () => {
  let isAway = false;
  let probes = 0;
  const probe = async () => {
    probes++;
    if (isAway) throw new Error('unavailable');
  };
  const outage = watchOutage({ probe, logger });
  outage.check();
  await until('the store was probed', 5, async () => probes === 1);
  expect(outage.isAway()).toBe(false); // a handler failed for another reason
  isAway = true;
  outage.check();
  await until('the store is found unavailable', 5, async () => outage.isAway() && probes >= 3);
  isAway = false;
  await until('the store is found available', 5, async () => !outage.isAway());
});
