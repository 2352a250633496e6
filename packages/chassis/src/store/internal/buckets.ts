import { append, list, type List } from '../lists.js';
import { key, put, remove, type Docs, type Key, type Write } from '../state.js';

export const SHARDS = [0, 1, 2, 3];

/** One list of ids that are due in the same minute. */
export interface Bucket {
  minute: number;
  shard: number;
}

export type Buckets = ReturnType<typeof createBuckets>;

/**
 * The buckets of a kind of deadline: one per minute and shard, and for each shard an index of the
 * buckets that exist. A replica writes to one shard only, so replicas rarely conflict.
 */
export function createBuckets(name: string) {
  const ownShard = Math.floor(Math.random() * SHARDS.length);
  const indexKey = (shard: number): Key<readonly number[]> => key('due', name, 'minutes', shard);
  const bucket = ({ minute, shard }: Bucket): List<string> => list('due', name, minute, shard);
  const ownBucket = (minute: number): List<string> => bucket({ minute, shard: ownShard });

  /**
   * Returns the writes that add ids to the buckets of their minutes, and remove `emptied` from its
   * index.
   */
  function add(docs: Docs, idsByMinute: ReadonlyMap<number, string[]>, emptied?: Bucket): Write[] {
    const minutes = [...idsByMinute.keys()];
    const created = minutes.filter((minute) => docs.get(ownBucket(minute).head) === undefined);
    const appends = [...idsByMinute].flatMap(([minute, ids]) => append(docs, ownBucket(minute), ...ids));
    const shards = new Set([...(created.length > 0 ? [ownShard] : []), ...(emptied ? [emptied.shard] : [])]);
    const indexes = [...shards].map((shard) => {
      const kept = (docs.get(indexKey(shard)) ?? []).filter((minute) => shard !== emptied?.shard || minute !== emptied.minute);
      const indexed = [...new Set([...kept, ...(shard === ownShard ? created : [])])];
      return indexed.length === 0 ? remove(indexKey(shard)) : put(indexKey(shard), indexed);
    });
    return [...appends, ...indexes];
  }

  return { add, bucket, ownBucket, indexKey };
}
