import { z } from 'zod';
import { DomainError } from '../http/errors.js';
import { key, put, type Docs, type Key, type Write } from './state.js';
import type { Store } from './store.js';

/** Entries in one document. A page is a few of them, and a busy list is one write per group of changes, not one per entry. */
const CHUNK = 50;

/** The document of a list: how many entries there are, and those that do not fill a chunk yet. */
export interface Head<T> {
  count: number;
  tail: readonly T[];
}

/** A list without queries: `at` is its head, `<at>|<n>` the n-th full chunk, from 0. It only grows; pages are newest first. */
export interface List<T> {
  at: Key<Head<T>>;
}

export const list = <T>(...parts: (string | number)[]): List<T> => ({ at: key(...parts) });

const chunkKey = <T>({ at }: List<T>, n: number): Key<readonly T[]> => `${at}|${n}`;

/** The keys of a list's full chunks. */
export const chunkKeys = <T>(of: List<T>, { count }: Head<T>): Key<readonly T[]>[] =>
  Array.from({ length: Math.floor(count / CHUNK) }, (_, n) => chunkKey(of, n));

/** The writes that add entries at the end, for the change that adds them. A list is appended to once in a change. */
export function append<T>(docs: Docs, to: List<T>, ...entries: T[]): Write[] {
  const { count, tail } = docs.get(to.at) ?? { count: 0, tail: [] };
  const rest = [...tail, ...entries];
  const first = (count - tail.length) / CHUNK;
  const full = Array.from({ length: Math.floor(rest.length / CHUNK) }, (_, i) => put(chunkKey(to, first + i), rest.splice(0, CHUNK)));
  return [put(to.at, { count: count + entries.length, tail: rest }), ...full];
}

/** The query of a route that answers pages. */
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
  /** Pass as `cursor` for the next page; null on the last. */
  next: string | null;
}

/** One page, newest first: a read of the head, and one of the chunks it lies in, if any. `limit` is the caller's to cap. */
export async function page<T>(
  store: Store,
  from: List<T>,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<Page<T>> {
  const before = cursor === undefined ? Number.POSITIVE_INFINITY : position(cursor);
  const head = (await store.read(from.at)) ?? { count: 0, tail: [] };
  const newest = Math.min(before, head.count);
  const oldest = Math.max(1, newest - limit + 1);
  const data = newest === 0 ? [] : await entries(store, from, head, oldest, newest);
  return { data: data.toReversed(), next: oldest > 1 ? String(oldest - 1) : null };
}

/** The entries from number `first` to `last`, which start at 1. */
export async function entries<T>(store: Store, of: List<T>, { count, tail }: Head<T>, first: number, last: number): Promise<T[]> {
  const inChunks = count - tail.length;
  const firstChunk = Math.floor((first - 1) / CHUNK);
  const chunks = Math.max(0, Math.ceil(Math.min(last, inChunks) / CHUNK) - firstChunk);
  const full = await Promise.all(Array.from({ length: chunks }, (_, i) => store.read(chunkKey(of, firstChunk + i))));
  const known = [...full.flatMap((chunk) => chunk ?? []), ...(last > inChunks ? tail : [])];
  const start = Math.min(firstChunk * CHUNK, inChunks);
  return known.slice(first - 1 - start, last - start);
}

function position(cursor: string): number {
  if (/^[1-9]\d{0,8}$/.test(cursor)) return Number(cursor);
  throw new DomainError('invalid', 'validation-failed', 'The cursor is not one that a list gave out.', {
    errors: [{ field: 'cursor', message: 'not a cursor of this list' }],
  });
}
