import { MongoClient, MongoServerError } from 'mongodb';
import type { Adapter, Table, Tombstone, Versioned } from './documents.js';

const DUPLICATE_KEY = 11_000;
const maxTimeMS = 5_000;

/** Documents in the database that the url names. */
export async function openMongodb(url: string): Promise<Adapter> {
  const client = await new MongoClient(url, { appName: 'sidecart', ignoreUndefined: true, serverSelectionTimeoutMS: 5_000 }).connect();

  async function table<T extends Versioned>(name: string, indexes: readonly (readonly string[])[]): Promise<Table<T>> {
    const rows = client.db().collection<Versioned & Partial<Tombstone>>(name);
    await rows.createIndex({ _removed: 1 }, { sparse: true });
    for (const fields of indexes) await rows.createIndex(Object.fromEntries([...fields, '_id'].map((field) => [field, 1])));

    async function write(guard: Parameters<Table<T>['write']>[0], row: T | Tombstone): Promise<boolean> {
      try {
        await rows.replaceOne(guard, row, { upsert: true });
        return true;
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== DUPLICATE_KEY) throw error;
      }
      // The row may be newer than the guard allows, or an older one was inserted in the same moment.
      return (await rows.replaceOne(guard, row)).matchedCount === 1;
    }

    return {
      write,
      find: (query, { sort, skip, limit }) => rows.find<T>(query, { sort, skip, limit, maxTimeMS }).toArray(),
      count: (query) => rows.countDocuments(query, { maxTimeMS }),
      delete: async (query) => void (await rows.deleteMany(query)),
    };
  }

  return { table, close: () => client.close() };
}
