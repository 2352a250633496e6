/**
 * The query port: indexes that are built from state and events, guarded by version, and can be thrown away and rebuilt. An adapter does four plain
 * things (`Table`); versions, filters, order, cursors and bounds are the same for all.
 */
import { both, isRefused, queryOf, type Filter, type Query } from './filter.js';
import { beyond, cursorOf, orderOf, type Sort } from './sorting.js';
import { DomainError } from '../http/errors.js';

export { search, words } from './words.js';
export type { Filter, Sort };

export const MAX_LIMIT = 100;
export const MAX_PAGE = 1_000;

/** What every document carries. Fields are plain JSON; no name holds a dot or begins with `$`; `_removed` is taken. */
export interface Versioned {
  _id: string;
  /** Of the state that the document was built from, a whole number from 0. */
  version: number;
}

export interface Collection<T extends Versioned> {
  /** Stores the document if nothing as new is known of its `_id`; says whether it did. */
  put(document: T): Promise<boolean>;
  /** Forgets the document if nothing newer is known; says whether it did. Wins over a put of its own version; for a week no older put comes back. */
  remove(id: string, version: number): Promise<boolean>;
  get(id: string): Promise<T | undefined>;
  /** A list to walk: `next` is the `after` of the following part; what changes meanwhile makes nothing else repeat or vanish. Throws `invalid`. */
  find(query: Listing<T> & { after?: string | undefined }): Promise<{ items: T[]; next?: string }>;
  /** A page by its number, from 1, with the number of all documents that match. Throws `invalid`. */
  page(query: Listing<T> & { page: number }): Promise<{ items: T[]; total: number }>;
  count(where?: Filter<T>): Promise<number>;
  /** Forgets every document and every removal, before a rebuild. */
  clear(): Promise<void>;
  /** Forgets every document in which `field` is missing or has another value. Removals stay. */
  retain(field: keyof T & string, value: string): Promise<void>;
}

interface Listing<T> {
  where?: Filter<T>;
  /** By `_id` where none is given. */
  sort?: Sort<T>;
  /** 1 to 100. */
  limit: number;
}

export interface Documents {
  /**
   * Opens a collection, once. Each list of fields is an index: those compared with one value first, then the one that is sorted by or compared with a
   * range; one of them at most is an array.
   */
  collection<T extends Versioned>(name: string, options: { indexes: readonly (readonly (keyof T & string)[])[] }): Promise<Collection<T>>;
  close(): Promise<void>;
}

/** What stays of a removed document. `_removed` is in epoch milliseconds. */
export interface Tombstone extends Versioned {
  _removed: number;
}

export interface Table<T> {
  /** In one atomic step: replaces the row of this `_id` if its version satisfies the guard, inserts it if there is none, else answers false. */
  write(guard: { _id: string; version: Query }, row: T | Tombstone): Promise<boolean>;
  find(query: Query, order: { sort: Record<string, 1 | -1>; skip: number; limit: number }): Promise<T[]>;
  count(query: Query): Promise<number>;
  delete(query: Query): Promise<void>;
}

export interface Adapter {
  table<T extends Versioned>(name: string, indexes: readonly (readonly string[])[]): Promise<Table<T>>;
  close(): Promise<void>;
}

/** Opens `file:<folder>` (one process per folder), `memory:` or `mongodb://<hosts>/<database>`, and loads only the driver for it. */
export async function openDocuments({ url }: { url: string }): Promise<Documents> {
  const adapter = await openAdapter(url);
  const opened = new Set<string>();
  async function open<T extends Versioned>(name: string, { indexes }: { indexes: readonly (readonly string[])[] }): Promise<Collection<T>> {
    if (opened.has(name)) throw new TypeError(`The collection '${name}' is open already.`);
    opened.add(name);
    return collection(await adapter.table<T>(name, indexes));
  }
  return { collection: open, close: () => adapter.close() };
}

async function openAdapter(url: string): Promise<Adapter> {
  if (url === 'memory:') return (await import('./nedb.js')).openNedb();
  if (/^file:./.test(url)) return (await import('./nedb.js')).openNedb(url.slice('file:'.length));
  if (/^mongodb(\+srv)?:\/\/[^/]+\/[^/?]/.test(url)) return (await import('./mongodb.js')).openMongodb(url);
  throw new TypeError('The url of the documents must be file:<folder>, memory: or mongodb://<hosts>/<database>.');
}

const TOMBSTONES_STAY = 7 * 24 * 60 * 60 * 1000;

function collection<T extends Versioned>(table: Table<T>): Collection<T> {
  return {
    async put(document) {
      const { _id, version } = document;
      checkKey(_id, version);
      checkNames(document);
      return table.write({ _id, version: { $lt: version } }, document);
    },

    async remove(_id, version) {
      checkKey(_id, version);
      await table.delete({ _removed: { $lt: Date.now() - TOMBSTONES_STAY } });
      return table.write({ _id, version: { $lte: version } }, { _id, version, _removed: Date.now() });
    },

    async get(_id) {
      const [document] = await table.find(live({ _id }), { sort: orderOf('_id'), skip: 0, limit: 1 });
      return document;
    },

    async find({ where = {}, sort = '_id', limit, after }) {
      checkBound('limit', limit, MAX_LIMIT);
      const query = both(live(where), after === undefined ? [] : [beyond(after, sort)]);
      const found = await table.find(query, { sort: orderOf(sort), skip: 0, limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return found.length > limit && last ? { items, next: cursorOf(sort, last) } : { items };
    },

    async page({ where = {}, sort = '_id', page, limit }) {
      checkBound('page', page, MAX_PAGE);
      checkBound('limit', limit, MAX_LIMIT);
      const items = await table.find(live(where), { sort: orderOf(sort), skip: (page - 1) * limit, limit });
      return { items, total: await table.count(live(where)) };
    },

    async count(where = {}) {
      return table.count(live(where));
    },

    clear: () => table.delete({}),

    retain: (field, value) => table.delete({ ...live({}), [field]: { $ne: value } }),
  };
}

function live(where: object): Query {
  return { ...queryOf(where), _removed: { $exists: false } };
}

function checkKey(id: string, version: number): void {
  if (id === '' || !Number.isSafeInteger(version) || version < 0) throw new TypeError(`Not an id and a version: '${id}', ${version}.`);
}

function checkNames(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries<unknown>({ ...value })) {
    if (isRefused(name)) throw new TypeError(`A field of a document cannot be named '${name}'.`);
    checkNames(inner);
  }
}

function checkBound(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new DomainError('invalid', 'out-of-range', `${name} must be a whole number from 1 to ${most}.`);
}
