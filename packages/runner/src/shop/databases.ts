/** Databases for the shop, and for tests, which drop them afterwards. */
import { randomUUID } from 'node:crypto';
import mysql from 'mysql2/promise';
import pg from 'pg';

export interface OwnDatabase {
  /** The server's URL with the new database. */
  url: string;
  drop(): Promise<void>;
}

/** By default, MySQL treats keys as equal that differ in case only. */
const CASE_SENSITIVE = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

/** Creates a database on the server of a `postgres:`, `mysql:` or `mariadb:` URL. */
export async function ownDatabase(server: string): Promise<OwnDatabase> {
  const name = `sidecart_test_${randomUUID().slice(0, 8)}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  const isPostgresql = url.protocol.startsWith('postgres');
  const run = isPostgresql ? onPostgresql : onMysql;
  await run(server, isPostgresql ? `CREATE DATABASE ${name}` : `CREATE DATABASE ${name} ${CASE_SENSITIVE}`);
  return { url: url.href, drop: () => run(server, `DROP DATABASE IF EXISTS ${name}`) };
}

/** Creates the database that a `postgres:` or `mysql:` URL names, unless it exists. */
export async function ensureDatabase(url: string): Promise<void> {
  const server = new URL(url);
  const name = server.pathname.slice(1) || 'sidecart';
  if (!url.startsWith('postgres')) {
    server.pathname = '';
    return onMysql(server.href, `CREATE DATABASE IF NOT EXISTS ${mysql.escapeId(name)} ${CASE_SENSITIVE}`);
  }
  server.pathname = '/postgres';
  const client = new pg.Client({ connectionString: server.href });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

async function onPostgresql(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  // Connections of a sidecar that was killed may stay open for a moment.
  await client.query(statement.replace(/^(DROP .*)$/, '$1 WITH (FORCE)')).finally(() => client.end());
}

async function onMysql(server: string, statement: string): Promise<void> {
  const connection = await mysql.createConnection(server.replace(/^mariadb:/, 'mysql:'));
  await connection.query(statement).finally(() => connection.end());
}
