import type { StateWrite, Stored } from '../../dapr/dapr.js';
import type { Batch, Slot } from './slots.js';

/**
 * Another replica has taken over this lane and published what it held. The lane commits nothing
 * more.
 */
export class Fenced extends Error {}

/**
 * Returns the writes that save a batch in a slot. They carry the loaded ETags, so only one of all
 * attempts on this slot commits, and none after another replica has closed the lane. Throws
 * `Fenced` if it has.
 */
export function seal(slot: Slot, value: Batch, stored: ReadonlyMap<string, Stored>): StateWrite[] {
  const fence = stored.get(slot.fence);
  if (!fence) throw new Fenced(`Another replica has taken over the lane ${slot.lane}.`);
  return [
    { key: slot.key, value, etag: stored.get(slot.key)?.etag, ttlSeconds: undefined },
    { key: slot.fence, value: {}, etag: fence.etag, ttlSeconds: undefined },
  ];
}

/** Returns the batch that was loaded from a slot, if it has not been passed to `publish` yet. */
export function unpublished(slot: Slot, stored: ReadonlyMap<string, Stored>): Batch | undefined {
  const found = stored.get(slot.key)?.value as Batch | undefined;
  return found && found.batch !== slot.batch ? found : undefined;
}
