import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { startSidecar, testComponents, type Sidecar } from '@sidecart/runner/sidecar';
import { createDapr, type Dapr, DaprError } from '../src/dapr/dapr.js';
import { createFiles } from '../src/dapr/files.js';

let folder: string;
let sidecar: Sidecar;
let dapr: Dapr;
beforeAll(async () => {
  const components = await testComponents({ files: ['bindings/files-local.yaml'] });
  folder = components.folder;
  sidecar = await startSidecar({ appId: 'files-test', ...components, env: { DAPR_API_TOKEN: 'only-for-this-test' } });
  dapr = createDapr({ port: sidecar.httpPort, apiToken: 'only-for-this-test' });
});
afterAll(async () => {
  await sidecar.stop();
  await rm(folder, { recursive: true, force: true });
});

test('returns the exact bytes of a file until it is removed', async () => {
  const files = createFiles(dapr);
  const content = Buffer.concat([Buffer.from([0, 0xff, 0xfe, 0x0a, 0x22]), randomBytes(100_000)]);
  await files.put('some/picture.webp', content);
  expect(content.equals((await files.get('some/picture.webp')) ?? Buffer.alloc(0))).toBe(true);
  await files.put('some/picture.webp', Buffer.from('another'));
  expect((await files.get('some/picture.webp'))?.toString()).toBe('another');
  await files.remove('some/picture.webp');
  expect(await files.get('some/picture.webp')).toBeUndefined();
  await expect(files.remove('some/picture.webp')).resolves.toBeUndefined();
});

test('throws if the storage fails', async () => {
  await expect(dapr.bind('nothing', 'get', {})).rejects.toThrow(DaprError);
  await expect(createFiles(createDapr({ port: sidecar.httpPort, apiToken: 'a wrong token' })).get('any')).rejects.toThrow(DaprError);
});
