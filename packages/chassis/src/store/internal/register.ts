import { setTimeout as delay } from 'node:timers/promises';
import type { Dapr, Stored, StateWrite } from '../../dapr/dapr.js';
import { key } from '../state.js';
import { fenceKey } from './slots.js';

/** The last heartbeat of each lane, in ms since the Unix epoch by the lane's own clock. */
export type Heartbeats = Record<string, number>;

const REGISTER = key<Heartbeats>('outbox', 'lanes');
const MAX_TRIES = 20;

/** Adds a lane to the register, and creates its fence. Returns the register. */
export const register = (dapr: Dapr, lane: string): Promise<Heartbeats> =>
  update(dapr, [REGISTER, fenceKey(lane)], (stored) => {
    const heartbeats = { ...heartbeatsIn(stored), [lane]: Date.now() };
    return { writes: [rewrite(stored, REGISTER, heartbeats), rewrite(stored, fenceKey(lane), {})], result: heartbeats };
  });

/**
 * Saves a heartbeat. Returns the register, or `undefined` if another replica has closed the lane.
 */
export const beat = (dapr: Dapr, lane: string): Promise<Heartbeats | undefined> =>
  update(dapr, [REGISTER, fenceKey(lane)], (stored) => {
    if (!stored.has(fenceKey(lane))) return { writes: [], result: undefined };
    const heartbeats = { ...heartbeatsIn(stored), [lane]: Date.now() };
    return { writes: [rewrite(stored, REGISTER, heartbeats)], result: heartbeats };
  });

/**
 * Removes a lane's fence: no commit of the lane succeeds any more, however late it arrives. Returns
 * whether it did, which is false if the lane has had another heartbeat than `lastBeat`.
 */
export const closeLane = (dapr: Dapr, lane: string, lastBeat?: number): Promise<boolean> =>
  update(dapr, [REGISTER, fenceKey(lane)], (stored) => {
    const heartbeats = heartbeatsIn(stored);
    if (lastBeat !== undefined && heartbeats[lane] !== lastBeat) return { writes: [], result: false };
    const etag = stored.get(fenceKey(lane))?.etag;
    const removal = etag === undefined ? [] : [{ key: fenceKey(lane), etag, removed: true as const }];
    // Rewriting the register makes a heartbeat at the same moment conflict.
    return { writes: [rewrite(stored, REGISTER, heartbeats), ...removal], result: true };
  });

/** Removes a lane from the register. */
export const unregister = (dapr: Dapr, lane: string): Promise<void> =>
  update(dapr, [REGISTER], (stored) => {
    const { [lane]: last, ...others } = heartbeatsIn(stored);
    return { writes: last === undefined ? [] : [rewrite(stored, REGISTER, others)], result: undefined };
  });

/**
 * Changes documents without group commit. `change` runs again after a conflict or a lost response.
 */
async function update<R>(
  dapr: Dapr,
  keys: string[],
  change: (stored: Map<string, Stored>) => { writes: StateWrite[]; result: R },
): Promise<R> {
  for (let tries = 1; ; tries++) {
    try {
      const { writes, result } = change(await dapr.read(keys));
      if (writes.length > 0) await dapr.commit(writes);
      return result;
    } catch (error) {
      if (tries === MAX_TRIES) throw error;
      await delay(Math.random() * Math.min(500, 10 * 2 ** tries));
    }
  }
}

const heartbeatsIn = (stored: Map<string, Stored>) => (stored.get(REGISTER)?.value ?? {}) as Heartbeats;

const rewrite = (stored: Map<string, Stored>, key: string, value: unknown): StateWrite => ({
  key,
  value,
  etag: stored.get(key)?.etag,
  ttlSeconds: undefined,
});
