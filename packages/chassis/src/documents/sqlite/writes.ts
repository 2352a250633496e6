import type { Kept, Row, Shape, Table, Versioned } from '../adapter.js';
import type { Database, Param } from './database.js';
import { createQueue } from './queue.js';
import { valueOf } from './sql.js';
import { columnOf, type Names } from './tables.js';
import { createTextIndex, digestOf } from './text-index.js';

/** How many documents `retain` removes in one transaction. */
const REMOVED_AT_ONCE = 250;
/** After this many writes SQLite looks whether the statistics of its query planner are out of date. */
const WRITES_PER_LOOK = 1_000;

type Writes<T> = Pick<Table<T>, 'write' | 'retain' | 'forget' | 'clear'>;

/** The writes of a collection. Each runs in a transaction that those of the same time share. */
export function createWrites<T extends Versioned>(db: Database, shape: Shape, names: Names): Writes<T> {
  const texts = shape.searchable ? createTextIndex(db, names) : undefined;
  const inTransaction = createQueue(db, { last, undo: () => texts?.undo() });
  const columns = ['version', ...names.columns.map(columnOf), ...(texts ? ['ord', 'digest'] : [])];
  const sql = statements(names, columns);
  let writes = 0;

  function last(): void {
    texts?.flush();
    if (writes < WRITES_PER_LOOK) return;
    db.exec('PRAGMA optimize = 0x10002');
    writes = 0;
  }

  function write(row: Row<T>, below: number): boolean {
    const stored = db.get(sql.stored, row._id);
    const version = (stored ?? db.get(sql.removal, row._id))?.['version'];
    if (version !== undefined && Number(version) >= below) return false;
    if (stored && 'removed' in row) erase(Number(stored['n']), Number(stored['ord']));
    if ('removed' in row) db.run(sql.remove, row._id, row.version, row.removed);
    else if (stored) replace(row, Number(stored['n']), { ord: Number(stored['ord']), digest: String(stored['digest']) });
    else insert(row, version !== undefined);
    writes += 1;
    return true;
  }

  function insert(row: Kept<T>, isRestored: boolean): void {
    if (isRestored) db.run(sql.restore, row._id);
    const n = db.run(sql.insert, row._id, ...values(row, undefined));
    db.run(sql.insertBody, n, JSON.stringify(row.document));
    for (const [field, value] of membersOf(row.document)) db.run(sql.insertMember, field, value, n);
  }

  function replace(row: Kept<T>, n: number, text: StoredText): void {
    removeMembers(n);
    db.run(sql.update, ...values(row, text), n);
    db.run(sql.updateBody, JSON.stringify(row.document), n);
    for (const [field, value] of membersOf(row.document)) db.run(sql.insertMember, field, value, n);
  }

  function erase(n: number, rowid: number): void {
    removeMembers(n);
    texts?.remove(rowid);
    db.run(sql.erase, n);
    db.run(sql.eraseBody, n);
  }

  function removeMembers(n: number): void {
    if (names.arrays.size === 0) return;
    const json = db.get(sql.body, n)?.['json'];
    for (const [field, value] of membersOf(JSON.parse(String(json)))) db.run(sql.removeMember, field, value, n);
  }

  /** Returns the values of the columns, and has the text indexed if it is not the stored one. */
  function values(row: Kept<T>, stored: StoredText | undefined): Param[] {
    const own = names.columns.map((field) => columnValue(names, field, Reflect.get(row.document, field)));
    return [row.version, ...own, ...indexed(row, stored)];
  }

  function indexed({ _id, text }: Kept<T>, stored: StoredText | undefined): Param[] {
    if (!texts || !text) return [];
    const digest = digestOf(text);
    if (stored?.digest === digest) return [stored.ord, digest];
    if (stored) texts.remove(stored.ord);
    const rowid = texts.freeRowid(_id, text);
    texts.add(rowid, text);
    texts.learn(text);
    return [rowid, digest];
  }

  function membersOf(document: T): [string, Param][] {
    return [...names.arrays].flatMap((field) => {
      const elements: unknown = Reflect.get(document, field);
      return Array.isArray(elements) ? [...new Set(elements)].map((value): [string, Param] => [field, scalar(field, value)]) : [];
    });
  }

  function retained(field: string, value: string): boolean {
    const { text, params } = valueOf(names, field);
    const ord = texts ? 'm.ord' : '0';
    const rows = db.all(`SELECT m.n, ${ord} AS ord FROM ${names.main} m WHERE ${text} IS NOT ? LIMIT ${REMOVED_AT_ONCE}`, ...params, value);
    for (const { n, ord: rowid } of rows) erase(Number(n), Number(rowid));
    return rows.length < REMOVED_AT_ONCE;
  }

  return {
    write: (row, below) => inTransaction(() => write(row, below)),
    async retain(field, value) {
      while (!(await inTransaction(() => retained(field, value))));
    },
    forget: (before) => inTransaction(() => void db.run(sql.forget, before)),
    clear: () =>
      inTransaction(() => {
        db.exec(sql.clear);
        texts?.clear();
      }),
  };
}

interface StoredText {
  ord: number;
  digest: string;
}

function statements(names: Names, columns: readonly string[]) {
  const { main, body, members, removed } = names;
  const hasText = columns.includes('ord');
  return {
    stored: `SELECT n, version${hasText ? ', ord, digest' : ''} FROM ${main} WHERE _id = ?`,
    insert: `INSERT INTO ${main} (_id, ${columns.join(', ')}) VALUES (?${', ?'.repeat(columns.length)})`,
    update: `UPDATE ${main} SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE n = ?`,
    erase: `DELETE FROM ${main} WHERE n = ?`,
    body: `SELECT json FROM ${body} WHERE n = ?`,
    insertBody: `INSERT INTO ${body} VALUES (?, ?)`,
    updateBody: `UPDATE ${body} SET json = ? WHERE n = ?`,
    eraseBody: `DELETE FROM ${body} WHERE n = ?`,
    insertMember: `INSERT INTO ${members} VALUES (?, ?, ?)`,
    removeMember: `DELETE FROM ${members} WHERE field = ? AND value = ? AND n = ?`,
    removal: `SELECT version FROM ${removed} WHERE _id = ?`,
    remove: `INSERT INTO ${removed} VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, at = excluded.at`,
    restore: `DELETE FROM ${removed} WHERE _id = ?`,
    forget: `DELETE FROM ${removed} WHERE at < ?`,
    clear: [main, body, members, removed].map((table) => `DELETE FROM ${table}`).join(';'),
  };
}

function columnValue({ arrays }: Names, field: string, value: unknown): Param {
  if (arrays.has(field)) return Array.isArray(value) ? JSON.stringify(value) : '[]';
  return value === undefined || value === null ? null : scalar(field, value);
}

function scalar(field: string, value: unknown): Param {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  throw new TypeError(`The field '${field}' is indexed, so it cannot have the value ${JSON.stringify(value)}.`);
}
