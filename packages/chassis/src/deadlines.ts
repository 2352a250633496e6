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
  /** Called for each id once its minute is over, again after a crash; must not mind repeats. What it throws leaves the id for the next drain. */
  due: (id: string) => Promise<unknown>;
}

/**
 * Things that must happen at a time. An id stands in a bucket of its minute, written by the change that sets the deadline; `drain` runs what is
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

  async function drain(now: Date): Promise<void> {
    const last = minuteOf(now) - 1;
    const start = await store.transact([cursor], (docs) => {
      const known = docs.get(cursor);
      return { write: known ? [] : [put(cursor, { minute: last })], result: known?.minute ?? last };
    });
    for (let minute = start + 1; minute <= last; minute++) {
      const emptied = await Promise.all(Array.from({ length: SHARDS }, (_, n) => empty(bucket(minute, n))));
      if (minute === last || emptied.includes(true)) await advance(minute);
    }
  }

  function advance(minute: number): Promise<void> {
    return store.transact([cursor], (docs) => {
      const behind = (docs.get(cursor)?.minute ?? 0) < minute;
      return { write: behind ? [put(cursor, { minute })] : [], result: undefined };
    });
  }

  /** Runs what stands in a bucket and removes it. Answers whether there was anything. */
  async function empty(bucket: List<string>): Promise<boolean> {
    for (let turns = 0; ; turns++) {
      const head = await store.read(bucket.at);
      if (!head) return turns > 0;
      const ids = await entries(store, bucket, head, 1, head.count);
      for (let i = 0; i < ids.length; i += IDS_AT_ONCE) await Promise.all(ids.slice(i, i + IDS_AT_ONCE).map(run));
      const keys = [bucket.at, ...chunkKeys(bucket, head)];
      await store.transact(keys, (docs) => {
        const same = docs.get(bucket.at)?.count === head.count;
        return { write: same ? keys.map((each) => remove(each)) : [], result: undefined };
      });
    }
  }

  const count = (outcome: 'success' | 'failure', n = 1) => deadlines.add(n, { name, outcome });
  count('success', 0); // an alert sees a first one only where there was a nought
  count('failure', 0);

  async function run(id: string): Promise<void> {
    await due(id).catch((error: unknown) => {
      count('failure');
      throw error;
    });
    count('success');
  }

  return { note, noteKey, drain };
}

const minuteOf = (at: Date) => Math.floor(at.getTime() / MINUTE_MS);
