import type { StateWrite, Stored } from '../../dapr/dapr.js';
import { checkKeys, type Docs, type Write } from '../state.js';

/** The documents that exist in the store among the keys that were loaded. */
export interface Loaded {
  keys: Set<string>;
  stored: Map<string, Stored>;
}

/** Thrown by a change that reads keys which are not loaded. */
export class NotLoaded extends Error {
  constructor(readonly keys: readonly string[]) {
    super(`not loaded: ${keys.join(' ')}`);
  }
}

export type Staging = ReturnType<typeof createStaging>;

/**
 * The documents of a group in memory: what was loaded, and what its changes have written so far.
 */
export function createStaging({ keys: loaded, stored }: Loaded) {
  const staged = new Map<string, Write>();

  /** Adds to `named` the keys that a change reads. Throws `NotLoaded`. */
  function load(named: Set<string>, keys: readonly string[]): void {
    checkKeys(keys);
    for (const key of keys) named.add(key);
    const missing = keys.filter((key) => !loaded.has(key) && !staged.has(key));
    if (missing.length > 0) throw new NotLoaded(missing);
  }

  function docs(named: Set<string>): Docs {
    const value = (key: string) => (staged.has(key) ? staged.get(key)?.value : stored.get(key)?.value);
    const all = (keys: readonly string[]) => {
      load(named, keys);
      return keys.map(value);
    };
    // The one place where a stored document gets its type: see Key.
    return { get: (key) => all([key])[0], all } as Docs;
  }

  /**
   * Throws `NotLoaded` for a removal, which needs an ETag, and an `Error` if a change overwrites a
   * document it has not read.
   */
  function check(named: Set<string>, writes: readonly Write[]): void {
    load(
      named,
      writes.filter(({ value }) => value === undefined).map(({ key }) => key),
    );
    for (const { key } of writes) {
      if (!named.has(key) && (stored.has(key) || staged.has(key))) throw new Error(`${key} exists and was not loaded`);
    }
  }

  return {
    docs,
    check,
    stage(writes: readonly Write[]): void {
      for (const write of writes) staged.set(write.key, write);
    },
    /** Returns the staged writes with the ETags that were loaded. */
    writes: (): StateWrite[] => [...staged.values()].flatMap((write) => guarded(write, stored.get(write.key)?.etag)),
  };
}

function guarded({ key, value, ttlSeconds }: Write, etag: string | undefined): StateWrite[] {
  if (value !== undefined) return [{ key, value, etag, ttlSeconds }];
  return etag === undefined ? [] : [{ key, etag, removed: true }];
}
