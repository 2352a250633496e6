import type { Dapr } from '../../dapr/dapr.js';
import { unpublished } from './seal.js';
import type { Batch, Slot } from './slots.js';

/** The other slots stay free in the meantime. */
const MAX_SWEPT = 128;

export interface SweepOptions {
  dapr: Dapr;
  slots: readonly Slot[];
  /** Publishes a batch that was found in a slot. */
  publish: (slot: Slot, batch: Batch) => void;
  /** Whether no transaction of the lane can commit any more. */
  isClosed: boolean;
}

/**
 * Deletes batches that are published, so the next process of this replica does not publish them
 * again. Publishes any that an abandoned transaction has committed late. Returns the number of
 * slots it checked.
 */
export async function sweep({ dapr, slots, publish, isClosed }: SweepOptions): Promise<number> {
  const used = slots.filter(({ busy, batch }) => !busy && batch !== undefined).slice(-MAX_SWEPT);
  if (used.length === 0) return 0;
  for (const slot of used) slot.busy = true;
  const swept = new Set(used);
  try {
    const stored = await dapr.read(used.map((slot) => slot.key));
    for (const slot of used) {
      const late = unpublished(slot, stored);
      if (late && swept.delete(slot)) publish(slot, late);
    }
    const removals = [...swept].flatMap((slot) => {
      const etag = stored.get(slot.key)?.etag;
      return etag === undefined ? [] : [{ key: slot.key, etag, removed: true as const }];
    });
    if (removals.length > 0) await dapr.commit(removals);
    for (const slot of swept) if (slot.batch !== '?' || isClosed) slot.batch = undefined;
    return used.length;
  } finally {
    for (const slot of swept) slot.busy = false;
  }
}
