import { z } from 'zod';
import { invalidField } from '../http/errors.js';
import { key, put, type Docs, type Key, type Write } from './state.js';
import type { Store } from './store.js';

/**
 * Entries in one document. A page reads few documents, and a busy list costs one write per group of
 * changes, not one per entry.
 */
const CHUNK = 50;

/**
 * The first document of a list: how many entries it has, and those that do not fill a chunk yet.
 */
export interface Head<T> {
  count: number;
  tail: readonly T[];
}

/**
 * An append-only list in a key-value store, with pages that begin with the newest entry. The full
 * chunks are at `<head>|<n>`, from 0.
 */
export interface List<T> {
  head: Key<Head<T>>;
}

export const list = <T>(...parts: (string | number)[]): List<T> => ({ head: key(...parts) });

const chunkKey = <T>({ head }: List<T>, n: number): Key<readonly T[]> => `${head}|${n}`;

/** Returns the keys of a list's full chunks. */
export const chunkKeys = <T>(list: List<T>, { count }: Head<T>): Key<readonly T[]>[] =>
  Array.from({ length: Math.floor(count / CHUNK) }, (_, n) => chunkKey(list, n));

/** Returns the writes that add entries at the end. A change may append to a list once. */
export function append<T>(docs: Docs, list: List<T>, ...entries: T[]): Write[] {
  const { count, tail } = docs.get(list.head) ?? { count: 0, tail: [] };
  const rest = [...tail, ...entries];
  const first = (count - tail.length) / CHUNK;
  const full = Array.from({ length: Math.floor(rest.length / CHUNK) }, (_, i) => put(chunkKey(list, first + i), rest.splice(0, CHUNK)));
  return [put(list.head, { count: count + entries.length, tail: rest }), ...full];
}

/** The query of a route that returns pages. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z
    .string()
    .max(20)
    .optional()
    .meta({ examples: ['40'] }),
});

/** The reply of such a route. */
export const pageOf = <T extends z.ZodType>(entry: T) =>
  z.object({
    data: z.array(entry),
    next: z
      .string()
      .nullable()
      .meta({ description: 'The cursor of the next page; null on the last.', examples: ['20'] }),
  });

export interface Page<T> {
  data: T[];
  /** Pass as `cursor` to get the next page; null on the last. */
  next: string | null;
}

/**
 * Returns a page, newest entry first. Reads the head, and the chunks of the page if any. Throws
 * `invalid` for a cursor that no page returned.
 */
export async function page<T>(
  store: Store,
  list: List<T>,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<Page<T>> {
  const before = cursor === undefined ? Number.POSITIVE_INFINITY : position(cursor);
  const head = (await store.read(list.head)) ?? { count: 0, tail: [] };
  const newest = Math.min(before, head.count);
  const oldest = Math.max(1, newest - limit + 1);
  const data = newest === 0 ? [] : await entries(store, list, head, oldest, newest);
  return { data: data.toReversed(), next: oldest > 1 ? String(oldest - 1) : null };
}

/** Returns the entries from number `first` to number `last`, counted from 1. */
export async function entries<T>(store: Store, list: List<T>, { count, tail }: Head<T>, first: number, last: number): Promise<T[]> {
  const inChunks = count - tail.length;
  const firstChunk = Math.floor((first - 1) / CHUNK);
  const chunks = Math.max(0, Math.ceil(Math.min(last, inChunks) / CHUNK) - firstChunk);
  const full = await Promise.all(Array.from({ length: chunks }, (_, i) => store.read(chunkKey(list, firstChunk + i))));
  const loaded = [...full.flatMap((chunk) => chunk ?? []), ...(last > inChunks ? tail : [])];
  const start = Math.min(firstChunk * CHUNK, inChunks);
  return loaded.slice(first - 1 - start, last - start);
}

function position(cursor: string): number {
  if (/^[1-9]\d{0,8}$/.test(cursor)) return Number(cursor);
  throw invalidField('cursor', 'Use the `next` of a page of this list.');
}
