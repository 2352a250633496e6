import type { Adapter } from '../adapter.js';
import { openDatabase } from './database.js';
import { createReads } from './reads.js';
import { createTables } from './tables.js';
import { createWrites } from './writes.js';

/** Documents in a SQLite file of `folder`, or in memory. */
export function openSqlite(folder?: string): Adapter {
  const db = openDatabase(folder);
  const created = createTables(db);
  return {
    async table(shape) {
      const names = created(shape);
      return { ...createReads(db, names), ...createWrites(db, shape, names) };
    },
    close: async () => db.close(),
  };
}
