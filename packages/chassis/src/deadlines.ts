import { deadlines } from './metrics.js';
import { append, chunkKeys, entries, list, type Head, type List } from './lists.js';
import { key, put, remove, type Docs, type Key, type Write } from './state.js';
import type { Store } from './store.js';

const MINUTE_MS = 60_000;
const SHARDS = 4;
const IDS_AT_ONCE = 500;

export type Deadlines = ReturnType<typeof createDeadlines>;

export interface DeadlineOptions {
  store: Store;
  /** Names the buckets: one service may have several kinds of deadline. */
  name: string;
  /**
   * Called for each id once its minute is over, and again after a crash, so it must allow repeats. Returns after how many milliseconds the id
   * is due again, at least a minute, or `undefined` if it is done. An id for which it throws is due again a minute later.
   */
  due: (id: string) => Promise<number | undefined>;
}

/** One run of `drain`. */
interface Turn {
  now: Date;
  failures: unknown[];
}

/**
 * Things that must happen at a time. An id is in the bucket of its minute, written by the change that sets the deadline; `drain` runs what is
 * due, and a cursor document remembers the last minute that was drained, so that no downtime loses one. Up to a minute and a cron's turn late.
 */
export function createDeadlines({ store, name, due }: DeadlineOptions) {
  const cursor = key<{ minute: number }>('due', name, 'cursor');
  const bucket = (minute: number, shard: number): List<string> => list('due', name, minute, shard);
  const shard = Math.floor(Math.random() * SHARDS); // one per replica, so that replicas seldom write the same bucket

  /** The writes that note `id` for `at`, which must be in the future. */
  function note(docs: Docs, id: string, at: Date): Write[] {
    return append(docs, bucket(minuteOf(at), shard), id);
  }

  /** What `note` reads: a change that names it is spared one load. */
  const noteKey = (at: Date): Key<Head<string>> => bucket(minuteOf(at), shard).at;

  /** Runs what is due at `now`. Throws once all of it has run if any of it failed. */
  async function drain(now: Date): Promise<void> {
    const turn: Turn = { now, failures: [] };
    const last = minuteOf(now) - 1;
    const start = await store.transact([cursor], (docs) => {
      const known = docs.get(cursor);
      return { write: known ? [] : [put(cursor, { minute: last })], result: known?.minute ?? last };
    });
    for (let minute = start + 1; minute <= last; minute++) {
      const emptied = await Promise.all(Array.from({ length: SHARDS }, (_, n) => empty(bucket(minute, n), turn)));
      if (minute === last || emptied.includes(true)) await advance(minute);
    }
    if (turn.failures.length > 0)
      throw new Error(`${turn.failures.length} deadlines (${name}) failed and are due again in a minute`, { cause: turn.failures[0] });
  }

  function advance(minute: number): Promise<void> {
    return store.transact([cursor], (docs) => {
      const behind = (docs.get(cursor)?.minute ?? 0) < minute;
      return { write: behind ? [put(cursor, { minute })] : [], result: undefined };
    });
  }

  /**
   * Runs what is in a bucket, then removes the bucket and notes what is due again in one transaction, so that replicas that drain at the same
   * time note it once. Later minutes wait until this one is empty. Returns whether there was anything.
   */
  async function empty(from: List<string>, turn: Turn): Promise<boolean> {
    for (let turns = 0; ; turns++) {
      const head = await store.read(from.at);
      if (!head) return turns > 0;
      const ids = [...new Set(await entries(store, from, head, 1, head.count))];
      const again = new Map<number, string[]>();
      for (let i = 0; i < ids.length; i += IDS_AT_ONCE) await Promise.all(ids.slice(i, i + IDS_AT_ONCE).map((id) => run(id, turn, again)));
      const old = [from.at, ...chunkKeys(from, head)];
      const later = [...again].map(([minute, ids]) => ({ to: bucket(minute, shard), ids }));
      await store.transact([...old, ...later.map(({ to }) => to.at)], (docs) => {
        if (docs.get(from.at)?.count !== head.count) return { result: undefined };
        return {
          write: [...old.map((each) => remove(each)), ...later.flatMap(({ to, ids }) => append(docs, to, ...ids))],
          result: undefined,
        };
      });
    }
  }

  const count = (outcome: 'success' | 'failure', n = 1) => deadlines.add(n, { name, outcome });
  count('success', 0); // an alert sees the first increase only from a 0
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
