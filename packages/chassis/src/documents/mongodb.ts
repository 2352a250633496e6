import { MongoClient, MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import type { Adapter, Table, Tombstone, Versioned } from './documents.js';
import { DomainError } from '../http/errors.js';

const DUPLICATE_KEY = 11_000;
const TIME_IS_OVER = 50;
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
      write: (guard, row) => write(guard, row).catch(unlessAway),
      find: (query, { sort, skip, limit }) => rows.find<T>(query, { sort, skip, limit, maxTimeMS }).toArray().catch(unlessAway),
      count: (query) => rows.countDocuments(query, { maxTimeMS }).catch(unlessAway),
      delete: async (query) => void (await rows.deleteMany(query).catch(unlessAway)),
    };
  }

  return { table, close: () => client.close() };
}

/** Throws `unavailable` for an error of a database that cannot be reached or is too slow, any other error as it is. */
function unlessAway(error: unknown): never {
  const isAway = error instanceof MongoNetworkError || error instanceof MongoServerSelectionError;
  const isSlow = error instanceof MongoServerError && error.code === TIME_IS_OVER;
  if (!isAway && !isSlow) throw error;
  const detail = 'Lists and search cannot be reached at the moment. Try again shortly.';
  throw new DomainError('unavailable', 'documents-unavailable', detail, { retryAfter: 1 }, { cause: error });
}
