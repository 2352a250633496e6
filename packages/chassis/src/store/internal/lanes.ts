import { randomUUID } from 'node:crypto';
import type { Dapr } from '../../dapr/dapr.js';
import { recover } from './recovery.js';
import { beat, closeLane, register, unregister, type Heartbeats } from './register.js';

export interface LaneOptions {
  dapr: Dapr;
  /** This replica's name. It survives a restart, and no two running replicas share it. */
  replica: string;
  /** The time between heartbeats, in ms. */
  beatMs?: number;
  /** A lane without a heartbeat for this time, in ms by our own clock, is taken over. */
  silentMs?: number;
}

export interface LaneEvents {
  /** Called when another replica has taken over the lane that this one still uses. */
  onFenced: (lane: string) => void;
}

export type Lanes = ReturnType<typeof createLanes>;

/**
 * Registers this replica's lane with a heartbeat, and publishes what dead lanes left in their
 * slots.
 */
export function createLanes({ dapr, replica, beatMs = 5_000, silentMs = 20_000, onFenced }: LaneOptions & LaneEvents) {
  const silence = createSilence(silentMs);
  let lane = '';
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> | undefined;

  /**
   * Registers a new lane and takes over those of earlier processes of this replica. Returns the
   * lane's name.
   */
  async function join(): Promise<string> {
    clearInterval(timer);
    const joining = `${replica}.${randomUUID().slice(0, 8)}`;
    const heartbeats = await register(dapr, joining);
    lane = joining;
    await takeOver(heartbeats, (other) => replicaOf(other) === replica);
    timer = setInterval(() => {
      beating ??= heartbeat().finally(() => (beating = undefined));
    }, beatMs);
    return joining;
  }

  async function heartbeat(): Promise<void> {
    const beatingLane = lane;
    try {
      const heartbeats = await beat(dapr, beatingLane);
      if (heartbeats) await takeOver(heartbeats, silence.has);
      else onFenced(beatingLane);
    } catch {
      // The next heartbeat tries again.
    }
  }

  async function takeOver(heartbeats: Heartbeats, isDead: (other: string, lastBeat: number) => boolean): Promise<void> {
    for (const [other, lastBeat] of Object.entries(heartbeats)) {
      if (other === lane || !isDead(other, lastBeat)) continue;
      // If either fails, the next heartbeat tries again.
      if (!(await closeLane(dapr, other, lastBeat)) || !(await recover(dapr, other))) continue;
      await unregister(dapr, other);
      silence.forget(other);
    }
  }

  return {
    join,
    /** Ends the heartbeat. Other replicas take the lane over, unless it leaves. */
    async stop(): Promise<void> {
      clearInterval(timer);
      await beating;
    },
    /** Closes the lane to any further commit. */
    close: () => closeLane(dapr, lane),
    /** Unregisters the lane, whose slots must be empty. */
    leave: () => unregister(dapr, lane),
  };
}

const replicaOf = (lane: string) => lane.slice(0, lane.lastIndexOf('.'));

/** Tells lanes whose heartbeat has not changed for this time, in ms by our own clock. */
function createSilence(silentMs: number) {
  const lastBeats = new Map<string, { beat: number; seenAt: number }>();

  function has(lane: string, beat: number): boolean {
    const last = lastBeats.get(lane);
    if (last?.beat === beat) return performance.now() - last.seenAt > silentMs;
    lastBeats.set(lane, { beat, seenAt: performance.now() });
    return false;
  }

  return { has, forget: (lane: string) => void lastBeats.delete(lane) };
}
