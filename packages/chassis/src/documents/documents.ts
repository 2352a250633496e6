/**
 * The query port: indexes that are built from state and events, guarded by version, and can be
 * thrown away and rebuilt. An adapter does what `Table` says; versions, filters, order, cursors,
 * relevance and bounds are the same for all.
 */
import type { Adapter, FacetCount, Versioned } from './adapter.js';
import { openCollection } from './collection.js';
import type { Filter } from './filter.js';
import type { Sort } from './sorting.js';
import type { Terms } from './words.js';

export { MAX_LIMIT, MAX_PAGE } from './collection.js';
export { exactTerms, words, type Terms } from './words.js';
export type { FacetCount, Filter, Sort, Versioned };

export interface Collection<T extends Versioned> {
  /** Stores the document unless its id has a document or removal as new. Returns whether it did. */
  put(document: T): Promise<boolean>;
  /**
   * Removes the document unless there is a newer one, and returns whether it did. Wins over a
   * document of its own version. For a week, no older document comes back.
   */
  remove(id: string, version: number): Promise<boolean>;
  get(id: string): Promise<T | undefined>;
  /**
   * Returns a part of a list. `next` is the `after` of the following part. While others change, no
   * document that stays the same is repeated or skipped. Throws `invalid`.
   */
  find(query: Listing<T> & { after?: string | undefined }): Promise<{ items: T[]; next?: string }>;
  /** Returns a page by its number, from 1, and the number of documents on all pages. Throws `invalid`. */
  page(query: Narrowing<T> & { sort?: Sort<T>; page: number; limit: number }): Promise<{ items: T[]; total: number }>;
  count(where?: Filter<T>): Promise<number>;
  /**
   * Reads a text as terms to find by. If no document of `where` has all its words, words of 4 to 20
   * letters may also stand for known words that are one typing mistake away.
   */
  terms(text: string, where?: Filter<T>): Promise<Terms>;
  /** Returns documents whose names have a word for each term, the most relevant first. */
  suggest(query: Narrowing<T> & { limit: number }): Promise<T[]>;
  /**
   * Returns the values of each facet with the number of documents that have them, the highest first.
   * Every filter of `narrow` applies to a facet but the one it names in `except`: so a facet shows
   * what else could be chosen in its place. Takes up to 20 facets.
   */
  facets(query: Narrowing<T> & { narrow?: Readonly<Record<string, Filter<T>>>; of: readonly FacetOf<T>[] }): Promise<FacetCount[][]>;
  /** Removes every document and forgets every removal, before a rebuild. */
  clear(): Promise<void>;
  /** Removes the documents in which `field` is missing or has another value. Removals stay. */
  retain(field: keyof T & string, value: string): Promise<void>;
}

export interface Narrowing<T> {
  where?: Filter<T> | undefined;
  /** Documents have a word that begins with one of each term's words. No document matches no terms. */
  terms?: Terms | undefined;
}

export interface Listing<T> extends Narrowing<T> {
  /** `_id` by default. `relevance` needs terms. */
  sort?: Sort<T> | 'relevance';
  /** 1 to 100. */
  limit: number;
}

type Fields<T, V> = { [K in keyof T & string]-?: [NonNullable<T[K]>] extends [V] ? K : never }[keyof T & string];

export interface FacetOf<T> {
  /** A field of an index, or an array. */
  field: Fields<T, string> | Fields<T, readonly string[]>;
  /** Counts only values that begin with this. */
  prefix?: string;
  /** The number of values to return, 1 to 500. */
  limit: number;
  /** The filter of `narrow` that does not apply. */
  except?: string;
}

export interface CollectionOptions<T> {
  /** Of the form of the documents. A collection of another version than before starts empty. 1 by default. */
  version?: number;
  /**
   * Each list of fields is an index: fields that are compared with one value first, then the one
   * that is sorted by or compared with a range.
   */
  indexes: readonly (readonly Fields<T, string | number | boolean>[])[];
  /** Fields with arrays that filters and facets use. */
  arrays?: readonly Fields<T, readonly (string | number)[]>[];
  /** Returns what is searched in a document. A match in the name weighs more than one in the rest. */
  text?: (document: T) => { name: string; rest: string };
}

export interface Documents {
  /** Opens a collection, once. */
  collection<T extends Versioned>(name: string, options: CollectionOptions<T>): Promise<Collection<T>>;
  close(): Promise<void>;
}

/**
 * Opens `file:<folder>`, `memory:` or `mongodb://<hosts>/<database>`, and loads only the driver for
 * it. Processes of one machine may share a folder of a local disk.
 */
export async function openDocuments({ url }: { url: string }): Promise<Documents> {
  const adapter = await openAdapter(url);
  const opened = new Set<string>();
  return {
    async collection(name, options) {
      if (opened.has(name)) throw new TypeError(`The collection '${name}' is open already.`);
      opened.add(name);
      return openCollection(adapter, name, options);
    },
    close: () => adapter.close(),
  };
}

async function openAdapter(url: string): Promise<Adapter> {
  if (url === 'memory:') return (await import('./sqlite/adapter.js')).openSqlite();
  if (/^file:./.test(url)) return (await import('./sqlite/adapter.js')).openSqlite(url.slice('file:'.length));
  if (/^mongodb(\+srv)?:\/\/[^/]+\/[^/?]/.test(url)) return (await import('./mongodb/adapter.js')).openMongodb(url);
  throw new TypeError('The url of the documents must be file:<folder>, memory: or mongodb://<hosts>/<database>.');
}
