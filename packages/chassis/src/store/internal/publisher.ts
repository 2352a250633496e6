import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@sidecart/contracts/event';
import type { Dapr } from '../../dapr/dapr.js';
import { contextOf, shared } from '../../telemetry/trace.js';

const EVENTS_PER_CALL = 100;

interface Waiting {
  events: Envelope[];
  onPublished: () => void;
}

export type Publisher = ReturnType<typeof createPublisher>;

/** Publishes batches of events, and repeats until the broker has all of them or `signal` aborts. */
export function createPublisher(dapr: Pick<Dapr, 'publish'>, signal: AbortSignal) {
  const waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    for (let failures = 0; waiting.length > 0 && !signal.aborted;) {
      const group = nextGroup(waiting);
      const failed = await publish(group.flatMap(({ events }) => events));
      for (const batch of group) {
        batch.events = batch.events.filter(({ id }) => failed.has(id));
        if (batch.events.length > 0) waiting.push(batch);
        else batch.onPublished();
      }
      failures = failed.size > 0 ? failures + 1 : 0;
      if (failures > 0) await delay(Math.min(1_000, 10 * 2 ** failures));
    }
    running = undefined; // in the same tick as the last check of `waiting`
  }

  /** Returns the ids of the events that the broker did not accept. */
  async function publish(events: Envelope[]): Promise<Set<string>> {
    if (events.length === 0) return new Set();
    const contexts = events.map(({ traceparent }) => contextOf(traceparent));
    const { failed } = await shared('publish', contexts, () => dapr.publish(events));
    return failed;
  }

  return {
    /** Calls `onPublished` once the broker has all events of the batch. */
    add(events: Envelope[], onPublished: () => void): void {
      waiting.push({ events, onPublished });
      running ??= run();
    },
    /** Resolves when nothing waits, or publishing was aborted. */
    idle: async (): Promise<void> => running,
  };
}

/** Removes and returns the first batches, up to about 100 events. */
function nextGroup(waiting: Waiting[]): Waiting[] {
  let count = 0;
  const end = waiting.findIndex(({ events }) => (count += events.length) >= EVENTS_PER_CALL);
  return waiting.splice(0, end === -1 ? waiting.length : end + 1);
}
