import { rm } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { ownDatabase } from '@sidecart/runner/databases';
import { startSidecar, testComponents } from '@sidecart/runner/sidecar';
import { createDapr } from '../src/dapr/dapr.js';
import { refuseUnlessAtomic } from '../src/store/internal/probe.js';

const server = process.env.TEST_MARIADB_URL;
if (!server) console.info('refusal of a MariaDB schema that confuses keys: skipped, TEST_MARIADB_URL names no server');

(server ? test : test.skip)(
  'refuses a state store that does not tell apart keys that differ only in case',
  async () => {
    const database = await ownDatabase(server ?? '');
    await database.drop(); // the component creates it again, with the collation of the server
    const components = await testComponents({ state: 'mysql', stateConnection: database.url });
    const sidecar = await startSidecar({ appId: 'probe', ...components });
    try {
      await expect(refuseUnlessAtomic(createDapr({ port: sidecar.httpPort, apiToken: undefined }))).rejects.toThrow(
        /does not tell apart keys that differ only in case.*COLLATE utf8mb4_bin/,
      );
    } finally {
      await sidecar.stop();
      await database.drop();
      await rm(components.folder, { recursive: true });
    }
  },
  60_000,
);
