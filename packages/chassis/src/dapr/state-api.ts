import { z } from 'zod';
import { DaprError, parseJson, type SidecarHttp } from './sidecar-http.js';

export interface Stored {
  value: unknown;
  etag: string;
}

/**
 * One write of a state transaction. With `etag`, the document must still have this ETag; without,
 * it must not exist.
 */
export type StateWrite =
  { key: string; value: unknown; etag: string | undefined; ttlSeconds: number | undefined } | { key: string; etag: string; removed: true };

const BulkItems = z.array(
  z.object({ key: z.string(), data: z.unknown().optional(), etag: z.string().optional(), error: z.string().optional() }),
);

/**
 * A document that always exists, read with every bulk get. If a query fails after it was sent, the
 * database components of Dapr 1.18 report the documents they did not get as missing. The database
 * reads keys in order, and this is the last, so a response that has it is complete.
 */
const LAST_KEY = 'zz-last';

const READ = 'state bulk get';

/** Calls of the sidecar's state API. */
export function stateApi({ send }: SidecarHttp, stateStore: string) {
  async function bulkGet(keys: readonly string[]): Promise<{ stored: Map<string, Stored>; isComplete: boolean }> {
    const body = { keys: [...keys, LAST_KEY] };
    const items = BulkItems.parse(parseJson(await send({ name: READ, path: `/state/${stateStore}/bulk`, body })));
    const stored = new Map<string, Stored>();
    for (const { key, data, etag, error } of items) {
      if (error) throw new DaprError(READ, 500, error);
      if (etag !== undefined && data !== undefined) stored.set(key, { value: data, etag });
    }
    const isComplete = stored.delete(LAST_KEY);
    return { stored, isComplete };
  }

  /** Writes all or nothing. */
  async function commit(writes: readonly StateWrite[]): Promise<void> {
    const body = { operations: writes.map(operation) };
    await send({ name: 'state transaction', path: `/state/${stateStore}/transaction`, body });
  }

  return {
    commit,

    /** Returns the documents that exist among `keys`, with their ETags. One bulk get. */
    async read(keys: readonly string[]): Promise<Map<string, Stored>> {
      const first = await bulkGet(keys);
      if (first.isComplete) return first.stored;
      // A new state has no last document. If there is one, creating it fails.
      await commit([{ key: LAST_KEY, value: {}, etag: undefined, ttlSeconds: undefined }]).catch(() => undefined);
      const second = await bulkGet(keys);
      if (second.isComplete) return second.stored;
      throw new DaprError(READ, 500, 'the database did not return all documents');
    },
  };
}

function operation(write: StateWrite) {
  const options = { concurrency: 'first-write' };
  if ('removed' in write) return { operation: 'delete', request: { key: write.key, etag: write.etag, options } };
  const { key, value, etag, ttlSeconds } = write;
  const metadata = ttlSeconds === undefined ? {} : { metadata: { ttlInSeconds: String(ttlSeconds) } };
  return { operation: 'upsert', request: { key, value, options, ...(etag === undefined ? {} : { etag }), ...metadata } };
}
