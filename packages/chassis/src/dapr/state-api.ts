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

/** Calls of the sidecar's state API. */
export function stateApi({ send }: SidecarHttp, stateStore: string) {
  return {
    /** Returns the documents that exist among `keys`, with their ETags. One bulk get. */
    async read(keys: readonly string[]): Promise<Map<string, Stored>> {
      const name = 'state bulk get';
      const items = BulkItems.parse(parseJson(await send({ name, path: `/state/${stateStore}/bulk`, body: { keys } })));
      const stored = new Map<string, Stored>();
      for (const { key, data, etag, error } of items) {
        if (error) throw new DaprError(name, 500, error);
        if (etag !== undefined && data !== undefined) stored.set(key, { value: data, etag });
      }
      return stored;
    },

    /** Writes all or nothing. */
    async commit(writes: readonly StateWrite[]): Promise<void> {
      const body = { operations: writes.map(operation) };
      await send({ name: 'state transaction', path: `/state/${stateStore}/transaction`, body });
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
