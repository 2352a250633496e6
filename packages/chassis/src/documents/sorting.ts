import { z } from 'zod';
import { DomainError } from '../http/errors.js';
import type { Query } from './filter.js';

type Sortable<T> = { [K in keyof T & string]-?: undefined extends T[K] ? never : T[K] extends string | number ? K : never }[keyof T &
  string];

/** A field that every document has, ascending, or with a minus descending: `-price`. Equal values are ordered by `_id`. */
export type Sort<T> = Sortable<T> | `-${Sortable<T>}`;

const Cursor = z.tuple([z.string(), z.union([z.string(), z.number()]), z.string()]);

export function orderOf(sort: string): Record<string, 1 | -1> {
  const { field, direction } = parse(sort);
  return { [field]: direction, _id: direction };
}

/** Points to a document in a list: opaque to the client, safe in a URL. */
export function cursorOf(sort: string, document: { _id: string }): string {
  const value: unknown = Reflect.get(document, parse(sort).field);
  return Buffer.from(JSON.stringify([sort, value, document._id])).toString('base64url');
}

/** The query for what comes after the document that the cursor points to. Throws `invalid`. */
export function beyond(cursor: string, sort: string): Query {
  const [of, value, id] = read(cursor);
  if (of !== sort) throw new DomainError('invalid', 'cursor', 'The cursor belongs to a list in another order.');
  const { field, direction } = parse(sort);
  const [further, from] = direction === 1 ? ['$gt', '$gte'] : ['$lt', '$lte'];
  return { [field]: { [from]: value }, $or: [{ [field]: { [further]: value } }, { _id: { [further]: id } }] };
}

function parse(sort: string): { field: string; direction: 1 | -1 } {
  return sort.startsWith('-') ? { field: sort.slice(1), direction: -1 } : { field: sort, direction: 1 };
}

function read(cursor: string): z.infer<typeof Cursor> {
  try {
    return Cursor.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    throw new DomainError('invalid', 'cursor', 'The cursor is malformed; send it unchanged as the list before gave it.');
  }
}
