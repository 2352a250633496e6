import type { Dapr, StateWrite } from './dapr.js';
import { SLOTS, slotKey, type Sealed } from './slots.js';
import { key, put, type Change, type Docs } from './state.js';

const BEAT_MS = 5_000;
/** A lane whose heartbeat did not change for this long by our own clock is taken over. */
const SILENT_MS = 20_000;
const KEYS_PER_CALL = 128;

/** Lane name -> its last heartbeat, in ms since 1970 by the lane's own clock. */
const REGISTER = key<Record<string, number>>('outbox', 'lanes');

export interface LaneOptions {
  dapr: Dapr;
  /** `<replica>.<a word of its own>`, so that no two processes ever share one. */
  lane: string;
  /** The store's own: registering is a change like any other. */
  transact: <R>(keys: readonly string[], change: (docs: Docs) => Change<R>) => Promise<R>;
}

/** Registers a lane with a heartbeat, and publishes what silent lanes and earlier lives of this replica left in their slots. */
export function keepLane({ dapr, lane, transact }: LaneOptions) {
  const replica = lane.slice(0, lane.lastIndexOf('.'));
  const heard = new Map<string, { beat: number; at: number }>();
  const joined = round(isEarlierLife);
  const timer = setInterval(() => void round(isSilent).catch(() => undefined), BEAT_MS); // tried again at the next beat

  async function round(isDead: (other: string, beat: number) => boolean): Promise<void> {
    const lanes = await transact([REGISTER], (docs) => {
      const lanes = { ...docs.get(REGISTER), [lane]: Date.now() };
      return { write: [put(REGISTER, lanes)], result: lanes };
    });
    for (const [other, beat] of Object.entries(lanes)) if (other !== lane && isDead(other, beat)) await recover(other, beat);
  }

  function isEarlierLife(other: string): boolean {
    return other.startsWith(`${replica}.`);
  }

  function isSilent(other: string, beat: number): boolean {
    const last = heard.get(other);
    if (last?.beat === beat) return performance.now() - last.at > SILENT_MS;
    heard.set(other, { beat, at: performance.now() });
    return false;
  }

  async function recover(other: string, beat: number): Promise<void> {
    const left = await slotsOf(dapr, other);
    const events = left.flatMap(({ sealed }) => sealed.events);
    for (let i = 0; i < events.length; i += KEYS_PER_CALL) {
      const failed = await dapr.publish(events.slice(i, i + KEYS_PER_CALL));
      if (failed.size > 0) return; // the next beat tries again
    }
    for (let i = 0; i < left.length; i += KEYS_PER_CALL) await dapr.commit(left.slice(i, i + KEYS_PER_CALL).map(({ removal }) => removal));
    await forget(other, beat);
  }

  function forget(other: string, beat?: number): Promise<void> {
    return transact([REGISTER], (docs) => {
      const { [other]: last, ...rest } = docs.get(REGISTER) ?? {};
      const same = beat === undefined || last === beat;
      return { write: same ? [put(REGISTER, rest)] : [], result: undefined };
    });
  }

  return { joined, stop: () => clearInterval(timer), leave: () => forget(lane) };
}

/** What stands in a lane's slots, oldest first. */
async function slotsOf(dapr: Dapr, lane: string): Promise<{ sealed: Sealed; removal: StateWrite }[]> {
  const found = [];
  for (let first = 0; first < SLOTS; first += KEYS_PER_CALL) {
    const stored = await dapr.read(Array.from({ length: KEYS_PER_CALL }, (_, n) => slotKey(lane, first + n)));
    for (const [slot, { value, etag }] of stored)
      found.push({ sealed: value as Sealed, removal: { key: slot, etag, removed: true as const } });
  }
  return found.toSorted((a, b) => a.sealed.order - b.sealed.order);
}
