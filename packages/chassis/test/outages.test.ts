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

/** A broker's watch whose sidecar answers every heartbeat with `reason`; counts how often it is started anew. */
function watched(reason: () => string | undefined) {
  let restarts = 0;
  const publish = async (): Promise<Published> => {
    const why = reason();
    return { failed: new Set(), ...(why === undefined ? {} : { reason: why }) };
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
])('a sidecar that %s is started anew, once a minute', async (_name, reason) => {
  jest.useFakeTimers();
  const { watch, restarts } = watched(() => reason);
  await jest.advanceTimersByTimeAsync(30_000);
  expect(restarts()).toBe(1);
  await jest.advanceTimersByTimeAsync(10 * 60_000);
  expect(restarts()).toBe(11);
  await watch.stop();
});

test.each([undefined, 'nats: timeout', 'no answer in 10000 ms', 'channel/connection is not open'])(
  'a sidecar whose broker answers, or may come back by itself, goes on: %s',
  async (reason) => {
    jest.useFakeTimers();
    const { watch, restarts } = watched(() => reason);
    await jest.advanceTimersByTimeAsync(10 * 60_000);
    expect(restarts()).toBe(0);
    await watch.stop();
  },
);

test('no events are taken from when the store is found away until it is back', async () => {
  let away = false;
  let probes = 0;
  const probe = async () => {
    probes++;
    if (away) throw new Error('away');
  };
  const outage = watchOutage({ probe, logger });
  outage.check();
  await until('the store was looked for', 5, async () => probes === 1);
  expect(outage.isAway()).toBe(false); // a handler failed for another reason
  away = true;
  outage.check();
  await until('the store is found away', 5, async () => outage.isAway() && probes >= 3);
  away = false;
  await until('the store is found back', 5, async () => !outage.isAway());
});
