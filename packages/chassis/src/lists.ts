import { DomainError } from './errors.js';
import { key, put, type Docs, type Key, type Write } from './state.js';
import type { Store } from './store.js';

/** A list without queries: the document at `at` holds the count, `<at>|<n>` the n-th entry, from 1. Pages are newest first. */
export interface List<T> {
  at: Key<{ count: number }>;
  /** Never called: it carries the entries' type. */
  readonly entry?: T;
}

export const list = <T>(...parts: (string | number)[]): List<T> => ({ at: key(...parts) });

const entryKey = <T>({ at }: List<T>, n: number): Key<T> => key(at, n);

/** The writes that add entries at the end, for the change that adds them. A list grows once in a change. */
export function append<T>(docs: Docs, to: List<T>, ...entries: T[]): Write[] {
  const { count } = docs.get(to.at) ?? { count: 0 };
  return [put(to.at, { count: count + entries.length }), ...entries.map((entry, i) => put(entryKey(to, count + i + 1), entry))];
}

export interface Page<T> {
  data: T[];
  /** Pass as `cursor` for the next page; null on the last. */
  next: string | null;
}

/** One page, newest first, by one read of the count (none with a cursor) and one of the entries. `limit` is the caller's to cap. */
export async function page<T>(
  store: Store,
  from: List<T>,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<Page<Readonly<T>>> {
  const newest = cursor === undefined ? ((await store.read(from.at))?.count ?? 0) : position(cursor);
  const oldest = Math.max(1, newest - limit + 1);
  const numbers = Array.from({ length: Math.max(0, newest - oldest + 1) }, (_, i) => newest - i);
  const entries = await Promise.all(numbers.map((n) => store.read(entryKey(from, n))));
  return { data: entries.filter((entry) => entry !== undefined), next: oldest > 1 ? String(oldest - 1) : null };
}

function position(cursor: string): number {
  if (/^[1-9]\d{0,8}$/.test(cursor)) return Number(cursor);
  throw new DomainError('invalid', 'validation-failed', 'The cursor is not one that a list gave out.', {
    errors: [{ field: 'cursor', message: 'not a cursor of this list' }],
  });
}
