import type { Document } from 'mongodb';
import type { Selection } from '../adapter.js';
import type { Query } from '../filter.js';
import type { TextQuery } from '../relevance.js';
import type { Order } from '../sorting.js';

/** Fields that the adapter adds to documents with a text. */
export const HIDDEN = { _name: 0, _words: 0, _order: 0 };

/** Returns the filter for what is selected, without removals. */
export function filterOf({ query, text }: Selection, ...further: Document[]): Document {
  return { _removed: { $exists: false }, $and: [translated(query), ...(text ? [matching(text)] : []), ...further] };
}

function translated(query: Query): Document {
  if ('all' in query) return query.all.length > 0 ? { $and: query.all.map(translated) } : {};
  if ('any' in query) return query.any.length > 0 ? { $or: query.any.map(translated) } : { _id: { $in: [] } };
  if ('in' in query) return { [query.field]: query.in.length === 1 ? query.in[0] : { $in: query.in } };
  if ('prefix' in query) return { [query.field]: beginningWith(query.prefix) };
  return { [query.field]: query.range };
}

function matching(query: TextQuery): Document {
  if ('all' in query) return { $and: query.all.map(matching) };
  if ('any' in query) return { $or: query.any.map(matching) };
  if ('one' in query) return { $and: [matching(query.one)], $nor: [matching(query.but)] };
  return { [query.inName ? '_name' : '_words']: query.whole ? query.word : beginningWith(query.word) };
}

export const beginningWith = (prefix: string) => ({ $regex: new RegExp(`^${prefix.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}`) });

/** Returns the sort, and the filters for what comes after the document that the order names. */
export function orderingOf({ field, descending, after }: Order): { sort: Record<string, 1 | -1>; beyond: Document[] } {
  const direction = descending ? -1 : 1;
  const further = descending ? '$lt' : '$gt';
  const sort = { [field]: direction, _id: direction } as const;
  if (!after) return { sort, beyond: [] };
  const { value, id } = after;
  // The first is what an index can use.
  return {
    sort,
    beyond: [{ [field]: { [`${further}e`]: value } }, { $or: [{ [field]: { [further]: value } }, { _id: { [further]: id } }] }],
  };
}
