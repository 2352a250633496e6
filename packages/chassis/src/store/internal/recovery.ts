import type { Dapr, StateWrite } from '../../dapr/dapr.js';
import { SLOTS, slotKey, type Batch } from './slots.js';

const PER_CALL = 128;

/**
 * Publishes and removes what a closed lane left in its slots. Returns false if the broker did not
 * accept all of it.
 */
export async function recover(dapr: Dapr, lane: string): Promise<boolean> {
  const left = await batchesOf(dapr, lane);
  const events = left.flatMap(({ batch }) => batch.events);
  for (let i = 0; i < events.length; i += PER_CALL) {
    const { failed } = await dapr.publish(events.slice(i, i + PER_CALL));
    if (failed.size > 0) return false;
  }
  for (let i = 0; i < left.length; i += PER_CALL) await dapr.commit(left.slice(i, i + PER_CALL).map(({ removal }) => removal));
  return true;
}

/** Returns the batches in a lane's slots, oldest first. */
async function batchesOf(dapr: Dapr, lane: string): Promise<{ batch: Batch; removal: StateWrite }[]> {
  const batches = [];
  for (let first = 0; first < SLOTS; first += PER_CALL) {
    const stored = await dapr.read(Array.from({ length: PER_CALL }, (_, n) => slotKey(lane, first + n)));
    for (const [key, { value, etag }] of stored) batches.push({ batch: value as Batch, removal: { key, etag, removed: true as const } });
  }
  return batches.toSorted((a, b) => a.batch.order - b.batch.order);
}
