import type { NewEvent } from '@sidecart/contracts/event';

declare const document: unique symbol;

/**
 * The key of a document of type T. The type is not checked at run time: a service reads only what
 * it writes.
 */
export type Key<T> = string & { readonly [document]?: T };

/**
 * Joins the parts with `|`. Throws a `TypeError` unless each is a number, or a string without `|`.
 */
export function key<T>(...parts: (string | number)[]): Key<T> {
  for (const part of parts) {
    if (typeof part === 'number' || (typeof part === 'string' && !part.includes('|'))) continue;
    throw new TypeError(`A key is made of numbers and of strings without '|', not of ${part}.`);
  }
  return parts.join('|');
}

/** Databases limit the length: MySQL's column has 255 characters, some of which Dapr needs. */
const MAX_KEY = 200;

/**
 * Throws a `TypeError` unless all keys are strings of 1 to 200 characters. The sidecar never
 * accepts any other.
 */
export function checkKeys(keys: readonly unknown[]): void {
  for (const key of keys) {
    if (typeof key !== 'string' || key === '' || key.length > MAX_KEY) throw new TypeError(`Not a key: ${String(key).slice(0, MAX_KEY)}`);
  }
}

/**
 * The documents that a change reads. It may read any key, but those it names are loaded at once.
 * Never modify one.
 */
export interface Docs {
  get<T>(key: Key<T>): Readonly<T> | undefined;
  /** Returns many documents with at most one more load, where calls of `get` may need one each. */
  all<T>(keys: readonly Key<T>[]): (Readonly<T> | undefined)[];
}

export interface Write {
  key: string;
  /** `undefined` removes the document. */
  value: unknown;
  ttlSeconds: number | undefined;
}

/**
 * Creates or replaces a document. With `ttlSeconds`, the store deletes it that long after this
 * write.
 */
export const put = <T>(key: Key<T>, value: T, ttlSeconds?: number): Write => ({ key, value, ttlSeconds });

export const remove = (key: string): Write => ({ key, value: undefined, ttlSeconds: undefined });

/** What a change function returns. All of it is committed, or nothing. */
export interface Change<R> {
  write?: readonly Write[];
  events?: readonly NewEvent[];
  result: R;
}
