import { setImmediate as turn } from 'node:timers/promises';
import type { Facet, FacetCount, Selection, Table } from '../adapter.js';
import type { Order } from '../sorting.js';
import type { Database } from './database.js';
import { conditionOf, joined, matchOf, orderingOf, type IsCommon, type Sql } from './sql.js';
import type { Names } from './tables.js';

/** How many documents are counted before other work gets a turn. */
const COUNTED_AT_ONCE = 500;
/** More distinct values of a facet are not counted. */
const MAX_DISTINCT = 10_000;
const MAX_WORDS = 50;
/** More documents than this are many: to look them up and sort them takes a millisecond or more. */
const COMMON = 500;

type Reads<T> = Omit<Table<T>, 'write' | 'retain' | 'forget' | 'clear'>;

/** Returns the statement of a list. The JSON is read last, for the documents of the page only. */
export function listOf(names: Names, selected: Selection, order: Order, isCommon?: IsCommon): Sql {
  const { where, orderBy } = orderingOf(names, order);
  const condition = joined(' AND ', [conditionOf(names, selected, isCommon), where]);
  const page = `SELECT m.n AS n FROM ${names.main} m WHERE ${condition.text} ORDER BY ${orderBy.text} LIMIT ? OFFSET ?`;
  return {
    text: `SELECT b.json FROM (${page}) page CROSS JOIN ${names.body} b ON b.n = page.n`,
    params: [...condition.params, ...orderBy.params],
  };
}

/** The reads of a collection. */
export function createReads<T>(db: Database, names: Names): Reads<T> {
  const { main, body, text, stems } = names;
  const parsed = (json: unknown): T => JSON.parse(String(json));

  function isCommon({ text: elements, params }: Sql): boolean {
    return db.get(`SELECT 1 FROM ${elements} LIMIT 1 OFFSET ${COMMON}`, ...params) !== undefined;
  }

  async function counts(selected: Selection, fields: readonly string[]): Promise<Map<string, number>[]> {
    const columns = fields.map((field, i) => `${columnFor(names, field)} AS "${i}"`);
    const condition = conditionOf(names, selected);
    const totals = fields.map(() => new Map<string, number>());
    let rows = 0;
    for (const row of db.iterate(`SELECT ${columns.join(', ')} FROM ${main} m WHERE ${condition.text}`, ...condition.params)) {
      for (const [i, field] of fields.entries()) tally(totals[i], valuesIn(row[i], names.arrays.has(field)));
      rows += 1;
      if (rows % COUNTED_AT_ONCE === 0) await turn();
    }
    return totals;
  }

  return {
    async find(selected, order, { skip, limit }) {
      const { text: sql, params } = listOf(names, selected, order, isCommon);
      return db.all(sql, ...params, limit, skip).map(({ json }) => parsed(json));
    },

    async ranked({ query, text: wanted }, { after, limit }) {
      const condition = conditionOf(names, { query });
      const sql = `SELECT m.ord AS ord, b.json AS json FROM ${text} t CROSS JOIN ${main} m ON m.ord = t.rowid CROSS JOIN ${body} b ON b.n = m.n
        WHERE t.${text} MATCH ? AND t.rowid > ? AND ${condition.text} ORDER BY t.rowid LIMIT ?`;
      const rows = db.all(sql, matchOf(wanted), BigInt(after?.order ?? -1), ...condition.params, limit);
      return rows.map(({ ord, json }) => ({ order: Number(ord), document: parsed(json) }));
    },

    async count(selected) {
      const { text: sql, params } = conditionOf(names, selected);
      return Number(db.get(`SELECT count(*) AS count FROM ${main} m WHERE ${sql}`, ...params)?.['count']);
    },

    async facets(selected, of) {
      const fields = [...new Set(of.map(({ field }) => field))];
      const totals = await counts(selected, fields);
      return of.map((facet) => highest(totals[fields.indexOf(facet.field)] ?? new Map(), facet));
    },

    async wordsWith(wanted) {
      const sql = `SELECT DISTINCT word FROM ${stems} WHERE stem IN (SELECT value FROM json_each(?)) ORDER BY word LIMIT ${MAX_WORDS}`;
      return db.all(sql, JSON.stringify(wanted)).map(({ word }) => String(word));
    },
  };
}

function columnFor(names: Names, field: string): string {
  const column = names.column(field);
  if (column === undefined) throw new TypeError(`The field '${field}' is in no index, so it cannot be a facet.`);
  return column;
}

function valuesIn(value: unknown, isArray: boolean): unknown[] {
  return isArray ? JSON.parse(String(value)) : [value];
}

function tally(totals: Map<string, number> | undefined, values: readonly unknown[]): void {
  if (!totals) return;
  for (const value of values) {
    if (typeof value !== 'string') continue;
    const count = totals.get(value);
    if (count !== undefined || totals.size < MAX_DISTINCT) totals.set(value, (count ?? 0) + 1);
  }
}

function highest(totals: ReadonlyMap<string, number>, { prefix = '', limit }: Facet): FacetCount[] {
  const counts = [...totals].filter(([value]) => value.startsWith(prefix)).map(([value, count]) => ({ value, count }));
  return counts.toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)).slice(0, limit);
}
