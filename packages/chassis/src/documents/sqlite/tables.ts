import type { Shape } from '../adapter.js';
import type { Database } from './database.js';

/** The version of the tables below. A file of another version is emptied. */
const FORMAT = 1;

/** The quoted names of a collection's tables and columns. */
export type Names = ReturnType<typeof namesOf>;

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

export function namesOf({ name, indexes, arrays }: Shape) {
  const columns = new Set([...indexes.flat(), ...arrays].filter((field) => field !== '_id' && field !== 'version'));
  return {
    /** One narrow row per document: what lists filter and sort by. */
    main: quoted(name),
    /** The documents as JSON. */
    body: quoted(`${name}:body`),
    /** The elements of arrays. */
    members: quoted(`${name}:members`),
    removed: quoted(`${name}:removed`),
    text: quoted(`${name}:text`),
    stems: quoted(`${name}:stems`),
    index: (n: number) => quoted(`${name}:${n}`),
    columns: [...columns],
    arrays: new Set(arrays),
    /** Returns the column of a field, if it has one. */
    column: (field: string): string | undefined => {
      if (field === '_id' || field === 'version') return `m.${field}`;
      return columns.has(field) ? `m.${columnOf(field)}` : undefined;
    },
  };
}

export const columnOf = (field: string): string => quoted(`.${field}`);

/**
 * Creates the tables of collections. If the file was written by another version of them, it is
 * emptied as a whole, because collections of one file may count on each other.
 */
export function createTables(db: Database) {
  const opened: Shape[] = [];
  db.transaction(() => {
    if (Number(db.get('PRAGMA user_version')?.['user_version']) !== FORMAT) wipe(db);
    db.exec(`PRAGMA user_version = ${FORMAT}; CREATE TABLE IF NOT EXISTS shapes (name TEXT PRIMARY KEY, shape TEXT NOT NULL)`);
  });

  return (shape: Shape): Names => {
    db.transaction(() => {
      const text = JSON.stringify(shape);
      const stored = db.get('SELECT shape FROM shapes WHERE name = ?', shape.name)?.['shape'];
      opened.push(shape);
      if (stored === text) return;
      if (stored !== undefined) wipe(db);
      db.exec('CREATE TABLE IF NOT EXISTS shapes (name TEXT PRIMARY KEY, shape TEXT NOT NULL)');
      for (const each of stored === undefined ? [shape] : opened) {
        db.exec(definition(each));
        db.run('INSERT INTO shapes VALUES (?, ?)', each.name, JSON.stringify(each));
      }
    });
    return namesOf(shape);
  };
}

function wipe(db: Database): void {
  // Dropping a virtual table drops its shadow tables, so it comes first.
  const tables = db.all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY sql NOT LIKE 'CREATE VIRTUAL%'");
  for (const { name } of tables) db.exec(`DROP TABLE IF EXISTS ${quoted(String(name))}`);
}

/**
 * `detail=column` keeps in which column a word is, not where. A contentless table keeps no second
 * copy of the text. `ascii` splits at spaces only, since words are folded already.
 */
const TEXT = "name, rest, content='', contentless_delete=1, detail=column, prefix='1 2 3 4', tokenize='ascii'";

function definition(shape: Shape): string {
  const names = namesOf(shape);
  const columns = ['n INTEGER PRIMARY KEY', '_id TEXT NOT NULL UNIQUE', 'version INTEGER NOT NULL', ...names.columns.map(columnOf)];
  if (shape.searchable) columns.push('ord INTEGER NOT NULL UNIQUE', 'digest TEXT NOT NULL');
  const tables = [
    `CREATE TABLE ${names.main} (${columns.join(', ')})`,
    `CREATE TABLE ${names.body} (n INTEGER PRIMARY KEY, json TEXT NOT NULL)`,
    `CREATE TABLE ${names.members} (field TEXT, value, n INTEGER, PRIMARY KEY (field, value, n)) WITHOUT ROWID`,
    `CREATE TABLE ${names.removed} (_id TEXT PRIMARY KEY, version INTEGER NOT NULL, at INTEGER NOT NULL)`,
    ...shape.indexes.map((fields, n) => {
      const indexed = [...fields, '_id'].map((field) => (field === '_id' || field === 'version' ? field : columnOf(field)));
      return `CREATE INDEX ${names.index(n)} ON ${names.main} (${indexed.join(', ')})`;
    }),
  ];
  if (shape.searchable) {
    tables.push(`CREATE VIRTUAL TABLE ${names.text} USING fts5(${TEXT})`);
    tables.push(`CREATE TABLE ${names.stems} (stem TEXT, word TEXT, PRIMARY KEY (stem, word)) WITHOUT ROWID`);
  }
  return tables.join(';\n');
}
