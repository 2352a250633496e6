import { z } from 'zod';
import { DomainError } from '../http/errors.js';

type Sortable<T> = { [K in keyof T & string]-?: undefined extends T[K] ? never : T[K] extends string | number ? K : never }[keyof T &
  string];

/** A field that every document has: ascending, or with a minus descending. Ties are broken by `_id`. */
export type Sort<T> = Sortable<T> | `-${Sortable<T>}`;

/** A sort in the form that adapters translate. */
export interface Order {
  field: string;
  descending: boolean;
  /** Only documents that come after this one, which need not exist any more. */
  after?: { value: string | number; id: string };
}

/** The last document of a page that is ranked by relevance. */
export interface RankedPosition {
  tier: number;
  order: number;
  id: string;
}

const RELEVANCE = 'relevance';
const SortedCursor = z.tuple([z.string(), z.union([z.string(), z.number()]), z.string()]);
const RankedCursor = z.tuple([z.literal(RELEVANCE), z.int().min(0).max(9), z.int().min(0), z.string()]);

/** Returns the order of a sort, from the cursor on if there is one. Throws `invalid` for a bad cursor. */
export function orderOf(sort: string, cursor?: string): Order {
  const descending = sort.startsWith('-');
  const order = { field: descending ? sort.slice(1) : sort, descending };
  if (cursor === undefined) return order;
  const [of, value, id] = read(SortedCursor, cursor);
  if (of !== sort) throw new DomainError('invalid', 'cursor', 'The cursor belongs to a list in another order.');
  return { ...order, after: { value, id } };
}

/** Returns a cursor that points to a document in a list. It is opaque, and safe in a URL. */
export const cursorOf = (sort: string, document: { _id: string }): string =>
  encoded([sort, Reflect.get(document, orderOf(sort).field), document._id]);

/** Returns where the cursor points to. Throws `invalid` for a bad cursor. */
export function rankedPosition(cursor: string): RankedPosition {
  const [, tier, order, id] = read(RankedCursor, cursor);
  return { tier, order, id };
}

export const rankedCursor = ({ tier, order, id }: RankedPosition): string => encoded([RELEVANCE, tier, order, id]);

const encoded = (value: readonly unknown[]) => Buffer.from(JSON.stringify(value)).toString('base64url');

function read<T>(schema: z.ZodType<T>, cursor: string): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    throw new DomainError('invalid', 'cursor', 'The cursor is malformed. Send it as the list before returned it.');
  }
}
