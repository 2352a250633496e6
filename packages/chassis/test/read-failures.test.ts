import { expect, test } from '@jest/globals';
import { serverOf } from '@sidecart/runner/combination';
import pg from 'pg';
import { openBench } from './harness.js';

const END_OTHERS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`;

const server = serverOf('postgresql');
if (!server) console.info('reads from a PostgreSQL that ends connections: skipped, TEST_POSTGRES_URL names no server');

(server ? test : test.skip)(
  'a document is never missing because the database ended the connection',
  async () => {
    const bench = await openBench('postgresql');
    const { dapr } = await bench.sidecar();
    await dapr.ready();
    await dapr.commit([{ key: 'cart', value: { n: 1 }, etag: undefined, ttlSeconds: undefined }]);
    const admin = new pg.Client({ connectionString: bench.database });
    await admin.connect();
    const outcomes = new Set<string>();
    for (let round = 0; round < 20; round++) {
      await dapr.read(['cart']).catch(() => undefined); // opens a connection to end
      await admin.query(END_OTHERS);
      const found = await dapr.read(['cart']).catch(() => 'failed' as const);
      outcomes.add(found === 'failed' ? 'failed' : found.has('cart') ? 'found' : 'missing');
    }
    await admin.end();
    await bench.close();
    expect(outcomes).not.toContain('missing');
  },
  60_000,
);
