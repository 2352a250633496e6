import type { Adapter, Text, Versioned } from './adapter.js';
import type { Collection, CollectionOptions } from './documents.js';
import { countFacets } from './facets.js';
import { isReserved, queryOf } from './filter.js';
import { rank, type Ranked } from './ranking.js';
import { everyTerm, NAME_TIERS, orderInTier } from './relevance.js';
import { checkBound, selectionOf } from './selection.js';
import { cursorOf, orderOf, rankedCursor, rankedPosition } from './sorting.js';
import { createVocabulary } from './vocabulary.js';
import { exactTerms, words } from './words.js';

export const MAX_LIMIT = 100;
export const MAX_PAGE = 1_000;
const TOMBSTONES_STAY = 7 * 24 * 60 * 60 * 1000;

/** Opens a collection of the adapter. */
export async function openCollection<T extends Versioned>(
  adapter: Adapter,
  name: string,
  { version = 1, indexes, arrays = [], text }: CollectionOptions<T>,
): Promise<Collection<T>> {
  const table = await adapter.table<T>({ name, version, indexes, arrays, searchable: text !== undefined });
  const vocabulary = createVocabulary(table);

  function textOf(document: T): Text | undefined {
    if (!text) return undefined;
    const read = text(document);
    const [ofName, ofRest] = [words(read.name), words(read.rest)];
    const order = orderInTier(ofName, document._id);
    return { name: ofName, rest: ofRest, order, learn: vocabulary.unknown([...ofName, ...ofRest]) };
  }

  return {
    async put(document) {
      checkKey(document._id, document.version);
      checkNames(document);
      const read = textOf(document);
      const isWritten = await table.write(
        { _id: document._id, version: document.version, document, ...(read && { text: read }) },
        document.version,
      );
      if (isWritten) vocabulary.learnt(read?.learn ?? []);
      return isWritten;
    },

    async remove(_id, ofVersion) {
      checkKey(_id, ofVersion);
      await table.forget(Date.now() - TOMBSTONES_STAY);
      return table.write({ _id, version: ofVersion, removed: Date.now() }, ofVersion + 1);
    },

    async get(_id) {
      const [document] = await table.find({ query: { field: '_id', in: [_id] } }, orderOf('_id'), { skip: 0, limit: 1 });
      return document;
    },

    async find({ where, terms, sort = '_id', limit, after }) {
      checkBound('limit', limit, MAX_LIMIT);
      if (sort === 'relevance') {
        const position = after === undefined ? undefined : rankedPosition(after);
        const found = await rank(table, { where, terms, after: position, limit: limit + 1 });
        return part(found, limit, ({ document }: Ranked<T>) => document, rankedCursor);
      }
      const found = await table.find(selectionOf({ where, terms }), orderOf(sort, after), { skip: 0, limit: limit + 1 });
      return part(
        found,
        limit,
        (document: T) => document,
        (last) => cursorOf(sort, last),
      );
    },

    async page({ where, terms, sort = '_id', page, limit }) {
      checkBound('page', page, MAX_PAGE);
      checkBound('limit', limit, MAX_LIMIT);
      const selected = selectionOf({ where, terms });
      const items = await table.find(selected, orderOf(sort), { skip: (page - 1) * limit, limit });
      return { items, total: await table.count(selected) };
    },

    count: async (where) => table.count(selectionOf({ where })),

    async terms(typed, where = {}) {
      const exact = exactTerms(typed);
      if (exact.length === 0) return exact;
      const found = await table.ranked({ query: queryOf(where), text: everyTerm(exact) }, { limit: 1 });
      return found.length > 0 ? exact : Promise.all(exact.map(vocabulary.withAlternatives));
    },

    async suggest({ where, terms, limit }) {
      checkBound('limit', limit, MAX_LIMIT);
      return (await rank(table, { where, terms, tiers: NAME_TIERS, limit })).map(({ document }) => document);
    },

    facets: async (query) => countFacets(table, query),

    async clear() {
      await table.clear();
      vocabulary.clear();
    },

    retain: (field, value) => table.retain(field, value),
  };
}

/** Returns the first `limit` of what was found, and a cursor if there is more. */
function part<R, T>(found: readonly R[], limit: number, itemOf: (each: R) => T, cursorTo: (last: R) => string) {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(itemOf), ...(found.length > limit && last !== undefined && { next: cursorTo(last) }) };
}

function checkKey(id: string, version: number): void {
  if (id === '' || !Number.isSafeInteger(version) || version < 0) throw new TypeError(`Not an id and a version: '${id}', ${version}.`);
}

function checkNames(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries<unknown>({ ...value })) {
    if (isReserved(name)) throw new TypeError(`A field of a document cannot be named '${name}'.`);
    checkNames(inner);
  }
}
