import { key, put, type Key } from '../state.js';
import type { Store } from '../store.js';

/**
 * A clock that differs by more from the last drain's is doubted. The smallest error of a wrong time
 * zone is larger.
 */
const MAX_JUMP_MINUTES = 45;

export interface ClockOptions {
  store: Store;
  /** The kind of deadline, which has one clock. */
  name: string;
  /** How long no other replica may have drained before a doubted clock is believed, in ms. */
  doubtMs: number;
}

/**
 * Returns a function that tells whether a minute since the Unix epoch is plausible. A minute far
 * from that of the last drain is believed only after no replica has drained for a while: one wrong
 * clock neither runs everything early nor stops the other replicas.
 */
export function createClock({ store, name, doubtMs }: ClockOptions): (minute: number) => Promise<boolean> {
  const clockKey: Key<{ minute: number }> = key('due', name, 'clock');
  let doubt: { lastMinute: number; since: number } | undefined;

  /** Saves a later minute if it is near the last one. Returns the last one. */
  const advance = (minute: number): Promise<number> =>
    store.transact([clockKey], (docs) => {
      const last = docs.get(clockKey)?.minute;
      const isLater = last === undefined || (last < minute && isNear(minute, last));
      return { write: isLater ? [put(clockKey, { minute })] : [], result: last ?? minute };
    });

  /** Sets the clock, unless another replica has advanced it. Returns whether it did. */
  const set = (minute: number, lastMinute: number): Promise<boolean> =>
    store.transact([clockKey], (docs) => {
      const isUnchanged = docs.get(clockKey)?.minute === lastMinute;
      return { write: isUnchanged ? [put(clockKey, { minute })] : [], result: isUnchanged };
    });

  return async (minute) => {
    const lastMinute = await advance(minute);
    if (isNear(minute, lastMinute)) {
      doubt = undefined;
      return true;
    }
    if (doubt?.lastMinute !== lastMinute) doubt = { lastMinute, since: performance.now() };
    return performance.now() - doubt.since >= doubtMs && set(minute, lastMinute);
  };
}

const isNear = (minute: number, last: number) => Math.abs(minute - last) <= MAX_JUMP_MINUTES;
