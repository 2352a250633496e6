import { z } from 'zod';
import { DomainError } from '../http/errors.js';

export type Scalar = string | number | boolean;
type In<V> = { $in: readonly V[]; $prefix?: never };
type Prefix = { $prefix: string; $in?: never };
type Range<V> = { $gt?: V; $gte?: V; $lt?: V; $lte?: V };
type Member<V> = [V] extends [string] ? V | In<V> | Prefix : [V] extends [Scalar] ? V | In<V> : never;
type Condition<V> = [V] extends [readonly (infer E)[]] ? Member<E> : Member<V> | ([V] extends [string | number] ? Range<V> : never);

/**
 * Selects documents by top-level field: equal to a value, `$in` several, in a range, or beginning
 * with `$prefix`. An array matches if one of its elements does. Every document matches
 * `{ $and: [] }`, and none matches `{ $or: [] }`.
 */
export type Filter<T> = { [K in keyof T]?: Condition<NonNullable<T[K]>> } & {
  $and?: readonly Filter<T>[];
  $or?: readonly Filter<T>[];
};

/** A filter in the form that adapters translate. */
export type Query =
  | { all: readonly Query[] }
  | { any: readonly Query[] }
  | { field: string; in: readonly Scalar[] }
  | { field: string; prefix: string }
  | { field: string; range: Comparisons };

type Operator = '$gt' | '$gte' | '$lt' | '$lte';
export type Comparisons = { [O in Operator]?: string | number | undefined };

/**
 * Returns whether a field of a document cannot have this name: a database refuses it, or it is
 * reserved for adapters.
 */
export const isReserved = (name: string): boolean => /^\$|\.|^_(?!id$)/.test(name);

/**
 * Returns the query for a filter. Throws a `TypeError` for anything that a filter does not have, so
 * no value from outside becomes an operator.
 */
export function queryOf(where: object): Query {
  return { all: Object.entries<unknown>({ ...where }).map(([field, condition]) => part(field, condition)) };
}

function part(field: string, condition: unknown): Query {
  if (field === '$and') return { all: branches(condition) };
  if (field === '$or') return { any: branches(condition) };
  if (isReserved(field)) throw new TypeError(`A filter has no '${field}'.`);
  const parsed = Comparison.safeParse(condition);
  if (!parsed.success) throw new TypeError('A filter compares with a value, $in, $prefix or a range.');
  const comparison = parsed.data;
  if (typeof comparison !== 'object') return { field, in: [comparison] };
  if ('$in' in comparison) return { field, in: comparison.$in };
  if ('$prefix' in comparison) return { field, prefix: checkedPrefix(comparison.$prefix) };
  return { field, range: comparison };
}

const branches = (condition: unknown) => z.array(z.looseObject({})).parse(condition).map(queryOf);

const Ordered = z.union([z.string(), z.number()]);
const Value = z.union([Ordered, z.boolean()]);
const Comparison = z.union([
  Value,
  z.strictObject({ $prefix: z.string() }),
  z.strictObject({ $in: z.array(Value) }),
  z
    .strictObject({ $gt: Ordered, $gte: Ordered, $lt: Ordered, $lte: Ordered })
    .partial()
    .refine((range) => Object.keys(range).length > 0),
]);

function checkedPrefix(prefix: string): string {
  if (/^[^\p{Cc}\p{Cs}]{1,64}$/u.test(prefix)) return prefix;
  throw new DomainError('invalid', 'prefix', 'A prefix has 1 to 64 characters, none of them a control character.');
}
