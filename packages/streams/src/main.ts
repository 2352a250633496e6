/**
 * Prepares the broker before the shop starts, then exits. Creates a stream for each of TOPICS on the
 * NATS at NATS_URL, or a queue for each of SUBSCRIPTIONS on the RabbitMQ at RABBITMQ_URL, and one
 * for the dead letters of each app. Runs as an init container of every service.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { settings } from './config.js';
import { makeQueues } from './queues.js';
import { connectTo, makeStreams } from './streams.js';

const RETRY_MS = 1_000;
const LOG_EVERY_MS = 5_000;

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
try {
  await retry(preparation());
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** Returns the function that prepares the broker of the settings, and returns a summary. */
function preparation(): () => Promise<string> {
  const { NATS_URL, RABBITMQ_URL, SUBSCRIPTIONS = {}, TOPICS: topics = [], ...limits } = settings(process.env);
  const apps = Object.keys(SUBSCRIPTIONS);
  if (RABBITMQ_URL !== undefined) {
    return async () => {
      await makeQueues(RABBITMQ_URL, SUBSCRIPTIONS);
      return `The queues of all ${apps.length} services exist.`;
    };
  }
  return async () => {
    const connection = await connectTo(NATS_URL ?? '');
    await makeStreams(connection, { topics, apps }, limits).finally(() => connection.close());
    return `All ${topics.length + apps.length} streams exist.`;
  };
}

/** Retries until it succeeds, because the broker may start later. Logs why it waits. */
async function retry(prepare: () => Promise<string>): Promise<void> {
  for (let loggedAt = 0; ; await delay(RETRY_MS)) {
    try {
      return console.log(await prepare());
    } catch (error) {
      if (Date.now() - loggedAt < LOG_EVERY_MS) continue;
      loggedAt = Date.now();
      console.log(`The broker is not ready, trying again: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
