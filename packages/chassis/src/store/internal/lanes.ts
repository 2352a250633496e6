import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dapr, Stored, StateWrite } from '../../dapr/dapr.js';
import { SLOTS, slotKey, type Sealed } from './slots.js';
import { key, type Key } from '../state.js';

const KEYS_PER_CALL = 128;
const UPDATE_TRIES = 20;

/** Maps each lane to its last heartbeat, in ms since the Unix epoch by the lane's own clock. */
const REGISTER = key<Record<string, number>>('outbox', 'lanes');

/** Exists while a lane may commit. Every commit of the lane rewrites it, so that none succeeds once it is removed. */
export const fenceKey = (lane: string): Key<Record<string, never>> => key('outbox', lane, 'fence');

export interface LaneOptions {
  dapr: Dapr;
  /** This replica's name: the same after a restart, different for each that runs at once. */
  replica: string;
  beatMs?: number;
  /** A lane whose heartbeat has not changed for this long, by our own clock, is taken over. */
  silentMs?: number;
}

export interface LaneEvents {
  /** Called when another replica has taken over the lane that this one still uses. */
  onFenced: (lane: string) => void;
}

export type Lanes = ReturnType<typeof createLanes>;

/** Registers this replica's lane with a heartbeat, and publishes what dead lanes left in their slots. */
export function createLanes({ dapr, replica, beatMs = 5_000, silentMs = 20_000, onFenced }: LaneOptions & LaneEvents) {
  const lastBeats = new Map<string, { beat: number; seenAt: number }>();
  let lane = '';
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> | undefined;

  /** Registers a new lane, takes over those of earlier lives of this replica, and returns the lane's name. */
  async function join(): Promise<string> {
    stop();
    const joining = `${replica}.${randomUUID().slice(0, 8)}`;
    const lanes = await update(dapr, [REGISTER, fenceKey(joining)], (stored) => {
      const lanes = { ...registerIn(stored), [joining]: Date.now() };
      return { writes: [rewrite(stored, REGISTER, lanes), rewrite(stored, fenceKey(joining), {})], result: lanes };
    });
    lane = joining;
    await takeOver(lanes, isEarlierLife);
    timer = setInterval(() => {
      beating ??= beat().finally(() => (beating = undefined));
    }, beatMs);
    return joining;
  }

  async function beat(): Promise<void> {
    const beatOf = lane;
    try {
      const lanes = await update(dapr, [REGISTER, fenceKey(beatOf)], (stored) => {
        if (!stored.has(fenceKey(beatOf))) return { writes: [], result: undefined };
        const lanes = { ...registerIn(stored), [beatOf]: Date.now() };
        return { writes: [rewrite(stored, REGISTER, lanes)], result: lanes };
      });
      if (lanes) await takeOver(lanes, isSilent);
      else onFenced(beatOf);
    } catch {
      // Tried again at the next beat.
    }
  }

  async function takeOver(lanes: Record<string, number>, isDead: (other: string, beat: number) => boolean): Promise<void> {
    for (const [other, lastBeat] of Object.entries(lanes)) if (other !== lane && isDead(other, lastBeat)) await recover(other, lastBeat);
  }

  function isEarlierLife(other: string): boolean {
    return other.slice(0, other.lastIndexOf('.')) === replica;
  }

  function isSilent(other: string, beat: number): boolean {
    const last = lastBeats.get(other);
    if (last?.beat === beat) return performance.now() - last.seenAt > silentMs;
    lastBeats.set(other, { beat, seenAt: performance.now() });
    return false;
  }

  async function recover(other: string, lastBeat: number): Promise<void> {
    if (!(await closeLane(other, lastBeat))) return;
    const left = await slotsOf(dapr, other);
    const events = left.flatMap(({ sealed }) => sealed.events);
    for (let i = 0; i < events.length; i += KEYS_PER_CALL) {
      const { failed } = await dapr.publish(events.slice(i, i + KEYS_PER_CALL));
      if (failed.size > 0) return; // the next beat tries again
    }
    for (let i = 0; i < left.length; i += KEYS_PER_CALL) await dapr.commit(left.slice(i, i + KEYS_PER_CALL).map(({ removal }) => removal));
    await forget(other);
    lastBeats.delete(other);
  }

  /** Removes the fence of a lane, unless it has beaten since: whatever its process still sends, it commits nothing more. */
  function closeLane(closing: string, lastBeat?: number): Promise<boolean> {
    return update(dapr, [REGISTER, fenceKey(closing)], (stored) => {
      const lanes = registerIn(stored);
      if (lastBeat !== undefined && lanes[closing] !== lastBeat) return { writes: [], result: false };
      const etag = stored.get(fenceKey(closing))?.etag;
      const removal = etag === undefined ? [] : [{ key: fenceKey(closing), etag, removed: true as const }];
      // The register is rewritten, so that a heartbeat at the same moment conflicts.
      return { writes: [rewrite(stored, REGISTER, lanes), ...removal], result: true };
    });
  }

  function forget(forgotten: string): Promise<void> {
    return update(dapr, [REGISTER], (stored) => {
      const { [forgotten]: last, ...rest } = registerIn(stored);
      return { writes: last === undefined ? [] : [rewrite(stored, REGISTER, rest)], result: undefined };
    });
  }

  function stop(): void {
    clearInterval(timer);
  }

  return {
    join,
    /** Ends the heartbeat. Without `leave`, others take the lane over. */
    async stop(): Promise<void> {
      stop();
      await beating;
    },
    /** After this, no commit of the lane succeeds, however late it arrives. */
    close: () => closeLane(lane),
    /** Nothing is left in the lane's slots. */
    leave: () => forget(lane),
  };
}

/** Changes documents outside of group commit. `change` runs again after a conflict or a lost answer. */
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
      if (tries === UPDATE_TRIES) throw error;
      await delay(Math.random() * Math.min(500, 10 * 2 ** tries));
    }
  }
}

const registerIn = (stored: Map<string, Stored>) => (stored.get(REGISTER)?.value ?? {}) as Record<string, number>;

const rewrite = (stored: Map<string, Stored>, at: string, value: unknown): StateWrite => ({
  key: at,
  value,
  etag: stored.get(at)?.etag,
  ttlSeconds: undefined,
});

/** Returns what is in a lane's slots, oldest first. */
async function slotsOf(dapr: Dapr, lane: string): Promise<{ sealed: Sealed; removal: StateWrite }[]> {
  const found = [];
  for (let first = 0; first < SLOTS; first += KEYS_PER_CALL) {
    const stored = await dapr.read(Array.from({ length: KEYS_PER_CALL }, (_, n) => slotKey(lane, first + n)));
    for (const [slot, { value, etag }] of stored)
      found.push({ sealed: value as Sealed, removal: { key: slot, etag, removed: true as const } });
  }
  return found.toSorted((a, b) => a.sealed.order - b.sealed.order);
}
