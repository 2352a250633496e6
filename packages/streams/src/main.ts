/**
 * Makes what a broker must have before the shop starts, and ends when it is there: the streams on the NATS that NATS_URL names, or the
 * queues of SUBSCRIPTIONS and of dead letters on the RabbitMQ that RABBITMQ_URL names. An init container of every service.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { APPS, TOPICS } from '@sidecart/contracts/topics';
import { settings } from './config.js';
import { makeQueues } from './queues.js';
import { connectTo, makeStreams } from './streams.js';

const AGAIN_MS = 1_000;
const SAY_MS = 5_000;

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
try {
  const make = maker();
  await untilMade(make);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** What there is to make, as the settings say. Answers what was made. */
function maker(): () => Promise<string> {
  const { NATS_URL, RABBITMQ_URL, SUBSCRIPTIONS = {}, ...limits } = settings(process.env);
  if (RABBITMQ_URL !== undefined) {
    return async () => {
      await makeQueues(RABBITMQ_URL, SUBSCRIPTIONS);
      return `The queues of all ${Object.keys(SUBSCRIPTIONS).length} services are there.`;
    };
  }
  return async () => {
    const connection = await connectTo(NATS_URL ?? '');
    await makeStreams(connection, { topics: TOPICS, apps: APPS }, limits).finally(() => connection.close());
    return `All ${TOPICS.length + APPS.length} streams are there.`;
  };
}

/** Tries until it is done, because a broker may come late. Says why it waits. */
async function untilMade(make: () => Promise<string>): Promise<void> {
  for (let said = 0; ; await delay(AGAIN_MS)) {
    try {
      return console.log(await make());
    } catch (error) {
      if (Date.now() - said < SAY_MS) continue;
      said = Date.now();
      console.log(`The broker is not ready, trying again: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
