import { rm } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { startSidecar, testComponents } from '@sidecart/runner/sidecar';
import { createDapr } from '../src/dapr/dapr.js';
import { openStore } from '../src/store/store.js';

const server = process.env.TEST_REDIS_URL;
if (!server) console.info('refusal of Redis as a state store: skipped, TEST_REDIS_URL names no server');

(server ? test : test.skip)(
  'refuses a state store that keeps half of a failed transaction',
  async () => {
    const components = await testComponents({ state: 'redis', stateConnection: server ?? '' });
    const sidecar = await startSidecar({ appId: `probe-${process.pid}`, ...components });
    const dapr = createDapr({ port: sidecar.httpPort, apiToken: undefined });
    try {
      await expect(openStore({ dapr, app: 'probe', replica: 'one' })).rejects.toThrow(
        /keeps half of a failed transaction.*Use an atomic one/,
      );
    } finally {
      await sidecar.stop();
      await rm(components.folder, { recursive: true });
    }
  },
  60_000,
);
