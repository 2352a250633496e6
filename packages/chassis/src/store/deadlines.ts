import { deadlines } from '../telemetry/metrics.js';
import { createBuckets, SHARDS, type Bucket } from './internal/buckets.js';
import { createClock } from './internal/clock.js';
import { chunkKeys, entries, type Head } from './lists.js';
import { remove, type Docs, type Key, type Write } from './state.js';
import type { Store } from './store.js';

const MINUTE_MS = 60_000;
const MAX_CONCURRENT = 500;

export type Deadlines = ReturnType<typeof createDeadlines>;

export interface DeadlineOptions {
  store: Store;
  /** The kind of deadline, of which a service may have several. */
  name: string;
  /**
   * Called for each id once its minute is over, and again after a crash, so it must allow repeats.
   * Returns the time until the id is due again, in ms and at least a minute, or `undefined` if it
   * is done. An id for which it throws is due again a minute later.
   */
  due: (id: string) => Promise<number | undefined>;
  /**
   * How long no other replica may have drained before a doubted clock is believed, in ms. Longer
   * than a minute.
   */
  doubtMs?: number;
}

/** One run of `drain`. */
interface Drain extends Pick<DeadlineOptions, 'name' | 'due'> {
  now: Date;
  failures: unknown[];
}

/**
 * Things that must happen at a time. The change that sets a deadline adds its id to the bucket of
 * its minute. `drain` runs all buckets whose minute is over, even if it passed long ago, up to a
 * minute and a run of cron late. It ignores a clock that has jumped by more than 45 minutes, until
 * no other replica has drained for a minute.
 */
export function createDeadlines({ store, name, due, doubtMs = 65_000 }: DeadlineOptions) {
  const { add, bucket, ownBucket, indexKey } = createBuckets(name);
  const isPlausible = createClock({ store, name, doubtMs });
  // Initialize to 0, so an alert sees the first increment.
  for (const outcome of ['success', 'failure']) deadlines.add(0, { name, outcome });

  /** Returns the writes that schedule `id`. A change may schedule one id per kind of deadline. */
  const schedule = (docs: Docs, id: string, time: Date): Write[] => add(docs, new Map([[minuteOf(time), [id]]]));

  /** Returns the key that `schedule` reads. A change that names it saves one load. */
  const bucketKey = (time: Date): Key<Head<string>> => ownBucket(minuteOf(time)).head;

  /** Runs everything that is due. Throws after running all of it, if any of it failed. */
  async function drain(now: Date): Promise<void> {
    if (!(await isPlausible(minuteOf(now)))) return;
    const failures: unknown[] = [];
    const indexes = await Promise.all(SHARDS.map((shard) => store.read(indexKey(shard))));
    const buckets = indexes.flatMap((minutes, shard) => (minutes ?? []).map((minute) => ({ minute, shard })));
    const past = buckets.filter(({ minute }) => minute < minuteOf(now)).toSorted((a, b) => a.minute - b.minute);
    for (const each of past) await empty(each, { name, due, now, failures });
    if (failures.length > 0)
      throw new Error(`${failures.length} deadlines (${name}) failed and are due again in a minute`, { cause: failures[0] });
  }

  /**
   * Runs the ids of a bucket, then removes the bucket and schedules what is due again in one
   * transaction, so replicas that drain at the same time schedule it once. Later minutes wait until
   * the bucket is empty.
   */
  async function empty(from: Bucket, run: Drain): Promise<void> {
    const ids = bucket(from);
    for (let isEmpty = false; !isEmpty;) {
      const head = await store.read(ids.head);
      const again = await runAll(head ? [...new Set(await entries(store, ids, head, 1, head.count))] : [], run);
      const old = [ids.head, ...(head ? chunkKeys(ids, head) : [])];
      const keys = [...old, indexKey(from.shard), ...[...again.keys()].map((minute) => ownBucket(minute).head)];
      isEmpty = await store.transact(keys, (docs) => {
        if (docs.get(ids.head)?.count !== head?.count) return { result: docs.get(ids.head) === undefined };
        return { write: [...old.map((each) => remove(each)), ...add(docs, again, from)], result: true };
      });
    }
  }

  return { schedule, bucketKey, drain };
}

/** Runs ids, and returns those that are due again, by minute. */
async function runAll(ids: string[], run: Drain): Promise<Map<number, string[]>> {
  const again = new Map<number, string[]>();
  for (let i = 0; i < ids.length; i += MAX_CONCURRENT) {
    const some = ids.slice(i, i + MAX_CONCURRENT);
    const delays = await Promise.all(some.map((id) => runOne(id, run)));
    for (const [n, id] of some.entries()) {
      const delayMs = delays[n];
      if (delayMs === undefined) continue;
      const minute = minuteOf(new Date(run.now.getTime() + Math.max(delayMs, MINUTE_MS)));
      const sameMinute = again.get(minute);
      if (sameMinute) sameMinute.push(id);
      else again.set(minute, [id]);
    }
  }
  return again;
}

async function runOne(id: string, { name, due, failures }: Drain): Promise<number | undefined> {
  try {
    const delayMs = await due(id);
    deadlines.add(1, { name, outcome: 'success' });
    return delayMs;
  } catch (error) {
    deadlines.add(1, { name, outcome: 'failure' });
    failures.push(error);
    return MINUTE_MS;
  }
}

const minuteOf = (time: Date) => Math.floor(time.getTime() / MINUTE_MS);
