import { createRequire } from 'node:module';
import { join } from 'node:path';
import type nedb from '@seald-io/nedb';
import type { Adapter, Table, Tombstone, Versioned } from './documents.js';

// The package is CommonJS, its types describe an ES default export.
const Datastore: typeof nedb.default = createRequire(import.meta.url)('@seald-io/nedb');

const COMPACT_EVERY = 5_000;

/** Documents in memory, each collection also in an append-only file of `folder` if one is given. */
export function openNedb(folder?: string): Adapter {
  const opened: nedb.default[] = [];

  async function table<T extends Versioned>(name: string, indexes: readonly (readonly string[])[]): Promise<Table<T>> {
    const db = new Datastore({
      ...(folder !== undefined && { filename: join(folder, `${name}.jsonl`) }),
      // A line torn by a crash was never acknowledged; the other documents are still good.
      corruptAlertThreshold: 1,
      // NeDB also ends a line at these, JSON leaves them as they are.
      afterSerialization: (line) => line.replace(/[\u0085\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
      beforeDeserialization: (line) => line,
    });
    await db.loadDatabaseAsync();
    await db.ensureIndexAsync({ fieldName: '_removed', sparse: true });
    // NeDB uses one field of an index and picks the first that is compared with one value.
    for (const fieldName of new Set(indexes.flatMap((fields) => fields.slice(0, 1)))) await db.ensureIndexAsync({ fieldName });
    opened.push(db);
    let appended = 0;

    /** Tasks of a NeDB run one after another, so the guard and the write are one step. */
    async function write(guard: Parameters<Table<T>['write']>[0], row: T | Tombstone): Promise<boolean> {
      try {
        await db.updateAsync(guard, row, { upsert: true });
      } catch (error) {
        if (error instanceof Error && 'errorType' in error && error.errorType === 'uniqueViolated') return false;
        throw error;
      }
      appended += 1;
      if (appended % COMPACT_EVERY === 0) await db.compactDatafileAsync();
      return true;
    }

    return {
      write,
      find: async (query, { sort, skip, limit }) => db.findAsync<T>(query).sort(sort).skip(skip).limit(limit),
      count: async (query) => db.countAsync(query),
      delete: async (query) => void (await db.removeAsync(query, { multi: true })),
    };
  }

  return {
    table,
    close: async () => void (await Promise.all(opened.map((db) => db.compactDatafileAsync()))),
  };
}
