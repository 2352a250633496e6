import { deadlines } from '../telemetry/metrics.js';
import { append, chunkKeys, entries, list, type Head, type List } from './lists.js';
import { key, put, remove, type Docs, type Key, type Write } from './state.js';
import type { Store } from './store.js';

const MINUTE_MS = 60_000;
const SHARDS = [0, 1, 2, 3];
const IDS_AT_ONCE = 500;
/** A clock that differs more than this from the last drain's is doubted. The smallest error of a wrong time zone is larger. */
const MAX_JUMP_MINUTES = 45;

export type Deadlines = ReturnType<typeof createDeadlines>;

export interface DeadlineOptions {
  store: Store;
  /** Names the buckets: one service may have several kinds of deadline. */
  name: string;
  /**
   * Called for each id once its minute is over, and again after a crash, so it must allow repeats. Returns after how many
   * milliseconds the id is due again, at least a minute, or `undefined` if it is done. An id for which it throws is due again a
   * minute later.
   */
  due: (id: string) => Promise<number | undefined>;
  /** How long nobody else may have drained before a doubted clock is believed, in ms. Longer than a minute. */
  doubtMs?: number;
}

/** One run of `drain`. */
interface Turn {
  now: Date;
  failures: unknown[];
}

/**
 * Things that must happen at a time. An id is in the bucket of its minute, written by the change that sets the deadline, and an
 * index names the buckets that exist: whatever is noted, even for a time that has passed, runs in the next drain that finds it
 * due. Up to a minute and a cron turn late. A clock that jumps by more than 45 minutes is believed only once no other replica has
 * drained for a minute, so that one wrong clock neither runs everything early nor stops the rest.
 */
export function createDeadlines({ store, name, due, doubtMs = 65_000 }: DeadlineOptions) {
  const clock = key<{ minute: number }>('due', name, 'clock');
  const index = (shard: number) => key<readonly number[]>('due', name, 'minutes', shard);
  const bucket = (minute: number, shard: number): List<string> => list('due', name, minute, shard);
  const ownShard = Math.floor(Math.random() * SHARDS.length); // one per replica, so that replicas seldom write the same bucket
  let doubt: { minute: number; since: number } | undefined;

  /** Returns the writes that note `id` for `at`. At most one deadline of a name is noted in a change. */
  function note(docs: Docs, id: string, at: Date): Write[] {
    return noteAll(docs, new Map([[minuteOf(at), [id]]]));
  }

  /** The key of the bucket that `note` reads: a change that names it is spared one load. */
  const noteKey = (at: Date): Key<Head<string>> => bucket(minuteOf(at), ownShard).at;

  function noteAll(docs: Docs, ids: ReadonlyMap<number, string[]>, emptied?: { minute: number; shard: number }): Write[] {
    const own = [...ids].map(([minute, added]) => ({ minute, to: bucket(minute, ownShard), added }));
    const writes = own.flatMap(({ to, added }) => append(docs, to, ...added));
    const fresh = own.filter(({ to }) => docs.get(to.at) === undefined).map(({ minute }) => minute);
    const shards = new Set([...(fresh.length > 0 ? [ownShard] : []), ...(emptied ? [emptied.shard] : [])]);
    const indexes = [...shards].map((shard) => {
      const kept = (docs.get(index(shard)) ?? []).filter((minute) => shard !== emptied?.shard || minute !== emptied.minute);
      const minutes = [...new Set([...kept, ...(shard === ownShard ? fresh : [])])];
      return minutes.length === 0 ? remove(index(shard)) : put(index(shard), minutes);
    });
    return [...writes, ...indexes];
  }

  /** Runs what is due at `now`. Throws once all of it has run if any of it failed. */
  async function drain(now: Date): Promise<void> {
    if (!(await isPlausible(now))) return;
    const turn: Turn = { now, failures: [] };
    const indexes = await Promise.all(SHARDS.map((shard) => store.read(index(shard))));
    const found = indexes.flatMap((minutes, shard) => (minutes ?? []).map((minute) => ({ minute, shard })));
    const over = found.filter(({ minute }) => minute < minuteOf(now)).toSorted((a, b) => a.minute - b.minute);
    for (const { minute, shard } of over) await empty(minute, shard, turn);
    if (turn.failures.length > 0)
      throw new Error(`${turn.failures.length} deadlines (${name}) failed and are due again in a minute`, { cause: turn.failures[0] });
  }

  async function isPlausible(now: Date): Promise<boolean> {
    const minute = minuteOf(now);
    const seen = await store.transact([clock], (docs) => {
      const last = docs.get(clock)?.minute;
      const near = last === undefined || Math.abs(minute - last) <= MAX_JUMP_MINUTES;
      return { write: near && (last ?? 0) < minute ? [put(clock, { minute })] : [], result: last ?? minute };
    });
    const doubted = doubt?.minute === seen ? doubt : { minute: seen, since: performance.now() };
    const near = Math.abs(minute - seen) <= MAX_JUMP_MINUTES;
    doubt = near ? undefined : doubted;
    if (near) return true;
    if (performance.now() - doubted.since < doubtMs) return false;
    return store.transact([clock], (docs) => {
      const same = docs.get(clock)?.minute === seen;
      return { write: same ? [put(clock, { minute })] : [], result: same };
    });
  }

  /**
   * Runs what is in a bucket, then removes the bucket and notes what is due again in one transaction, so that replicas that
   * drain at the same time note it once. Later minutes wait until this one is empty.
   */
  async function empty(minute: number, shard: number, turn: Turn): Promise<void> {
    const from = bucket(minute, shard);
    for (let isEmpty = false; !isEmpty;) {
      const head = await store.read(from.at);
      const ids = head ? [...new Set(await entries(store, from, head, 1, head.count))] : [];
      const again = new Map<number, string[]>();
      for (let i = 0; i < ids.length; i += IDS_AT_ONCE) await Promise.all(ids.slice(i, i + IDS_AT_ONCE).map((id) => run(id, turn, again)));
      const old = [from.at, ...(head ? chunkKeys(from, head) : [])];
      const keys = [...old, index(shard), ...[...again.keys()].map((later) => bucket(later, ownShard).at)];
      isEmpty = await store.transact(keys, (docs) => {
        if (docs.get(from.at)?.count !== head?.count) return { result: docs.get(from.at) === undefined };
        return { write: [...old.map((each) => remove(each)), ...noteAll(docs, again, { minute, shard })], result: true };
      });
    }
  }

  const count = (outcome: 'success' | 'failure', n = 1) => deadlines.add(n, { name, outcome });
  count('success', 0); // an alert sees the first increment only after a 0
  count('failure', 0);

  /** Adds the id to the minute of `again` in which it is due again, if it is. */
  async function run(id: string, { now, failures }: Turn, again: Map<number, string[]>): Promise<void> {
    const delay = await due(id).then(
      (ms) => {
        count('success');
        return ms;
      },
      (error: unknown) => {
        count('failure');
        failures.push(error);
        return MINUTE_MS;
      },
    );
    if (delay === undefined) return;
    const minute = minuteOf(new Date(now.getTime() + Math.max(delay, MINUTE_MS)));
    const ids = again.get(minute);
    if (ids) ids.push(id);
    else again.set(minute, [id]);
  }

  return { note, noteKey, drain };
}

const minuteOf = (at: Date) => Math.floor(at.getTime() / MINUTE_MS);
