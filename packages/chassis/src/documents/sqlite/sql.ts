import type { Selection } from '../adapter.js';
import type { Comparisons, Query, Scalar } from '../filter.js';
import type { TextQuery } from '../relevance.js';
import type { Order } from '../sorting.js';
import type { Param } from './database.js';
import type { Names } from './tables.js';

/** A part of a statement. `m` stands for the main table. */
export interface Sql {
  text: string;
  params: Param[];
}

/** Follows everything that begins with a prefix: no text has this character. */
const LAST = '\u{10FFFF}';
const OPERATORS = [
  ['$gt', '>'],
  ['$gte', '>='],
  ['$lt', '<'],
  ['$lte', '<='],
] as const;

/** Returns whether many documents have such an element in an array. */
export type IsCommon = (elements: Sql) => boolean;

/**
 * Returns the condition that selects documents. A common element of an array is looked for in one
 * document after another, and others are looked up: SQLite cannot know which is faster.
 */
export function conditionOf(names: Names, { query, text }: Selection, isCommon: IsCommon = () => false): Sql {
  const condition = translated(names, query, isCommon);
  if (!text) return condition;
  const found = `m.ord IN (SELECT rowid FROM ${names.text} WHERE ${names.text} MATCH ?)`;
  return joined(' AND ', [condition, { text: found, params: [matchOf(text)] }]);
}

function translated(names: Names, query: Query, isCommon: IsCommon): Sql {
  const each = (part: Query) => translated(names, part, isCommon);
  if ('all' in query) return joined(' AND ', query.all.map(each), '1');
  if ('any' in query) return joined(' OR ', query.any.map(each), '0');
  const comparison = comparisonOf(query);
  return names.arrays.has(query.field) ? contained(names, query.field, comparison, isCommon) : compared(names, query.field, comparison);
}

function comparisonOf(query: Exclude<Query, { all: unknown } | { any: unknown }>): (value: string) => Sql {
  if ('in' in query) return (value) => among(value, query.in);
  if ('prefix' in query) return (value) => ({ text: `${value} >= ? AND ${value} < ?`, params: [query.prefix, query.prefix + LAST] });
  return (value) => within(value, query.range);
}

function among(value: string, values: readonly Scalar[]): Sql {
  const [first] = values;
  if (values.length === 1 && first !== undefined) return { text: `${value} = ?`, params: [paramOf(first)] };
  return { text: `${value} IN (SELECT value FROM json_each(?))`, params: [JSON.stringify(values)] };
}

function within(value: string, range: Comparisons): Sql {
  const parts = OPERATORS.flatMap(([name, operator]) => {
    const bound = range[name];
    return bound === undefined ? [] : [{ text: `${value} ${operator} ?`, params: [bound] }];
  });
  return joined(' AND ', parts);
}

type Comparison = ReturnType<typeof comparisonOf>;

function contained(names: Names, field: string, comparison: Comparison, isCommon: IsCommon): Sql {
  const { text, params } = comparison('value');
  const elements = { text: `${names.members} WHERE field = ? AND ${text}`, params: [field, ...params] };
  return {
    text: isCommon(elements) ? `EXISTS (SELECT 1 FROM ${elements.text} AND n = m.n)` : `m.n IN (SELECT n FROM ${elements.text})`,
    params: elements.params,
  };
}

/** Compares a field in its column, or in the JSON if it has none. There it may be an array. */
function compared(names: Names, field: string, comparison: Comparison): Sql {
  const column = names.column(field);
  if (column !== undefined) return comparison(column);
  const { text, params } = comparison('e.value');
  const inJson = `EXISTS (SELECT 1 FROM ${names.body} b, json_each(b.json, ?) e WHERE b.n = m.n AND ${text})`;
  return { text: inJson, params: [pathOf(field), ...params] };
}

/** Returns the clauses for an order. With several values equal, `_id` decides. */
export function orderingOf(names: Names, { field, descending, after }: Order): { where: Sql; orderBy: Sql } {
  const direction = descending ? 'DESC' : 'ASC';
  const beyond = descending ? '<' : '>';
  if (field === '_id') {
    const where = after ? { text: `m._id ${beyond} ?`, params: [after.id] } : { text: '1', params: [] };
    return { where, orderBy: { text: `m._id ${direction}`, params: [] } };
  }
  const value = valueOf(names, field);
  const where = after
    ? { text: `(${value.text}, m._id) ${beyond} (?, ?)`, params: [...value.params, after.value, after.id] }
    : { text: '1', params: [] };
  return { where, orderBy: { text: `${value.text} ${direction}, m._id ${direction}`, params: value.params } };
}

export function valueOf(names: Names, field: string): Sql {
  const column = names.column(field);
  if (column !== undefined) return { text: column, params: [] };
  return { text: `(SELECT b.json ->> ? FROM ${names.body} b WHERE b.n = m.n)`, params: [pathOf(field)] };
}

/** Returns the expression for `MATCH`. */
export function matchOf(query: TextQuery): string {
  if ('all' in query) return `(${query.all.map(matchOf).join(' AND ')})`;
  if ('any' in query) return `(${query.any.map(matchOf).join(' OR ')})`;
  if ('one' in query) return `(${matchOf(query.one)} NOT ${matchOf(query.but)})`;
  return `(${query.inName ? '{name} : ' : ''}"${query.word}"${query.whole ? '' : ' *'})`;
}

const pathOf = (field: string) => `$."${field}"`;

const paramOf = (value: Scalar): Param => (typeof value === 'boolean' ? Number(value) : value);

export const joined = (separator: string, parts: readonly Sql[], none = '1'): Sql => ({
  text: parts.length === 0 ? none : `(${parts.map(({ text }) => text).join(separator)})`,
  params: parts.flatMap(({ params }) => params),
});
