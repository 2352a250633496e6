import { z } from 'zod';
import { DomainError } from '../http/errors.js';

type Scalar = string | number | boolean;
type In<V> = { $in: readonly V[]; $prefix?: never };
type Prefix = { $prefix: string; $in?: never };
type Range<V> = { $gt?: V; $gte?: V; $lt?: V; $lte?: V };
type Member<V> = [V] extends [string] ? V | In<V> | Prefix : [V] extends [Scalar] ? V | In<V> : never;
type Condition<V> = [V] extends [readonly (infer E)[]] ? Member<E> : Member<V> | ([V] extends [string | number] ? Range<V> : never);

/**
 * Which documents, by top-level field: equal to a value, one `$in` several, in a range, or beginning with `$prefix`. An array matches by any of its
 * elements. Every document matches `{ $and: [] }`, none `{ $or: [] }`.
 */
export type Filter<T> = { [K in keyof T]?: Condition<NonNullable<T[K]>> } & {
  $and?: readonly Filter<T>[];
  $or?: readonly Filter<T>[];
};

/** A query in the words that NeDB and MongoDB share. */
export type Query = Record<string, unknown>;

/** Names that one of the databases refuses or that are taken. */
export function isRefused(name: string): boolean {
  return /^\$|\.|^_removed$/.test(name);
}

/** The query for a filter. Whatever a filter does not know is refused, so that no value from outside smuggles in an operator. */
export function queryOf(where: object): Query {
  const query: Query = {};
  const and: Query[] = [];
  for (const [field, condition] of Object.entries<unknown>({ ...where })) {
    if (field === '$and') and.push(...branches(condition));
    else if (field === '$or') and.push(anyOf(branches(condition)));
    else if (isRefused(field)) throw new TypeError(`A filter does not know '${field}'.`);
    else query[field] = comparison(condition);
  }
  return both(query, and);
}

/** The query and all of `further`, with what is compared by field left at the top, where NeDB looks for an index. */
export function both(query: Query, further: readonly Query[]): Query {
  return further.length > 0 ? { ...query, $and: [...(Array.isArray(query['$and']) ? query['$and'] : []), ...further] } : query;
}

function branches(condition: unknown): Query[] {
  return z.array(z.looseObject({})).parse(condition).map(queryOf);
}

function anyOf(queries: Query[]): Query {
  return queries.length > 0 ? { $or: queries } : { _id: { $in: [] } };
}

const Ordered = z.union([z.string(), z.number()]);
const Value = z.union([Ordered, z.boolean()]);
const Comparison = z.union([
  Value,
  z.strictObject({ $prefix: z.string() }).transform(({ $prefix }) => ({ $regex: beginningWith($prefix) })),
  z.strictObject({ $in: z.array(Value) }),
  z
    .strictObject({ $gt: Ordered, $gte: Ordered, $lt: Ordered, $lte: Ordered })
    .partial()
    .refine((range) => Object.keys(range).length > 0),
]);

function comparison(condition: unknown): unknown {
  const parsed = Comparison.safeParse(condition);
  if (!parsed.success) throw new TypeError('A filter compares with a value, $in, $prefix or a range.');
  return parsed.data;
}

function beginningWith(prefix: string): RegExp {
  if (!/^[^\p{Cc}\p{Cs}]{1,64}$/u.test(prefix))
    throw new DomainError('invalid', 'prefix', 'A beginning to search by has 1 to 64 characters, none of them a control character.');
  return new RegExp(`^${prefix.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}`);
}
