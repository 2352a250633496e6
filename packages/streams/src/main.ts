/** Makes the streams of the shop on the NATS that NATS_URL names, and ends when they are there: an init container of every service. */
import { setTimeout as delay } from 'node:timers/promises';
import { APPS, TOPICS } from '@sidecart/contracts/topics';
import { settings } from './config.js';
import { connectTo, makeStreams } from './streams.js';

const AGAIN_MS = 1_000;
const SAY_MS = 5_000;

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
try {
  await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** Tries until it is done, because a broker may come late. Says why it waits. */
async function run(): Promise<void> {
  const { NATS_URL, ...limits } = settings(process.env);
  for (let said = 0; ; await delay(AGAIN_MS)) {
    try {
      await make(NATS_URL, limits);
      return console.log(`All ${TOPICS.length + APPS.length} streams are there.`);
    } catch (error) {
      if (Date.now() - said < SAY_MS) continue;
      said = Date.now();
      console.log(`NATS does not make the streams yet, trying again: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

async function make(url: string, limits: Parameters<typeof makeStreams>[2]): Promise<void> {
  const connection = await connectTo(url);
  try {
    await makeStreams(connection, { topics: TOPICS, apps: APPS }, limits);
  } finally {
    await connection.close();
  }
}
