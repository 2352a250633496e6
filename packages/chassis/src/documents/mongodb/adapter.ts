import { MongoClient, MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import type { Adapter, Shape, Table, Versioned } from '../adapter.js';
import { openTable } from './table.js';
import { DomainError } from '../../http/errors.js';

const TIME_IS_OVER = 50;

/** Documents in the database that the url names. */
export async function openMongodb(url: string): Promise<Adapter> {
  const client = await new MongoClient(url, { appName: 'sidecart', ignoreUndefined: true, serverSelectionTimeoutMS: 5_000 }).connect();
  return {
    async table<T extends Versioned>(shape: Shape): Promise<Table<T>> {
      const table = await openTable<T>(client.db(), shape);
      return {
        write: (row, below) => table.write(row, below).catch(unlessAway),
        find: (selected, order, range) => table.find(selected, order, range).catch(unlessAway),
        ranked: (selected, range) => table.ranked(selected, range).catch(unlessAway),
        count: (selected) => table.count(selected).catch(unlessAway),
        facets: (selected, of) => table.facets(selected, of).catch(unlessAway),
        wordsWith: (stems) => table.wordsWith(stems).catch(unlessAway),
        retain: (field, value) => table.retain(field, value).catch(unlessAway),
        forget: (before) => table.forget(before).catch(unlessAway),
        clear: () => table.clear().catch(unlessAway),
      };
    },
    close: () => client.close(),
  };
}

/** Throws `unavailable` for an error of a database that cannot be reached or is too slow, any other error as it is. */
function unlessAway(error: unknown): never {
  const isAway = error instanceof MongoNetworkError || error instanceof MongoServerSelectionError;
  const isSlow = error instanceof MongoServerError && error.code === TIME_IS_OVER;
  if (!isAway && !isSlow) throw error;
  const detail = 'Lists and search cannot be reached at the moment. Try again shortly.';
  throw new DomainError('unavailable', 'documents-unavailable', detail, { retryAfter: 1 }, { cause: error });
}
