import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { DomainError } from '../../http/errors.js';

export type Param = string | number | bigint | null;
type Row = Record<string, SQLOutputValue>;

export type Database = ReturnType<typeof openDatabase>;

const FILE = 'documents.sqlite';
/** How many prepared statements are kept. */
const STATEMENTS = 200;
/** How long a write waits for one of another process, in ms. This whole process waits with it. */
const BUSY_MS = 1_000;

/**
 * `synchronous` NORMAL does not flush every commit to the disk: after a power cut the file is
 * intact, and may lack the last changes, which an index can do without. The WAL is written back
 * every 16 MB, and up to 16 MB of pages are cached.
 */
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA cache_size = -16384;
  PRAGMA temp_store = MEMORY;
`;

/** Opens the database in a folder, or one in memory. Replaces a file that is damaged: it is an index. */
export function openDatabase(folder: string | undefined) {
  const db = folder === undefined ? open(':memory:') : openFile(folder);
  const statements = new Map<string, StatementSync>();

  function prepared(sql: string): StatementSync {
    const statement = statements.get(sql) ?? db.prepare(sql);
    statements.delete(sql);
    statements.set(sql, statement); // last, as the one used most recently
    const [oldest] = statements.keys();
    if (statements.size > STATEMENTS && oldest !== undefined) statements.delete(oldest);
    return statement;
  }

  function transaction<R>(work: () => R): R {
    guarded(() => db.exec('BEGIN IMMEDIATE'));
    try {
      const result = work();
      guarded(() => db.exec('COMMIT'));
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    exec: (sql: string): void => guarded(() => db.exec(sql)),
    all: (sql: string, ...params: Param[]): Row[] => guarded(() => prepared(sql).all(...params)),
    get: (sql: string, ...params: Param[]): Row | undefined => guarded(() => prepared(sql).get(...params)),
    /** Returns the rowid of an insert. */
    run: (sql: string, ...params: Param[]): number => guarded(() => Number(prepared(sql).run(...params).lastInsertRowid)),
    /** Returns the rows one by one. Other statements may run in between. */
    iterate: (sql: string, ...params: Param[]): Iterable<Row> => guarded(() => db.prepare(sql).iterate(...params)),
    /** Runs `work` in a transaction that waits for those of other processes. */
    transaction,
    close: (): void => db.close(),
  };
}

function openFile(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, FILE);
  try {
    return open(file);
  } catch (error) {
    if (![CORRUPT, NOT_A_DATABASE].includes(codeOf(error))) throw error;
  }
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  return open(file);
}

function open(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    db.exec(PRAGMAS);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/** Result codes of SQLite. Extended codes have these in their lowest byte. */
const [BUSY, LOCKED, IO_ERROR, CORRUPT, FULL, NOT_A_DATABASE] = [5, 6, 10, 11, 13, 26];

const codeOf = (error: unknown): number =>
  typeof error === 'object' && error !== null && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;

/** Throws `unavailable` if the file is locked, or the disk is full or fails. */
function guarded<R>(work: () => R): R {
  try {
    return work();
  } catch (error) {
    if (![BUSY, LOCKED, IO_ERROR, FULL].includes(codeOf(error))) throw error;
    const detail = 'Lists and search cannot be reached at the moment. Try again shortly.';
    throw new DomainError('unavailable', 'documents-unavailable', detail, { retryAfter: 1 }, { cause: error });
  }
}
