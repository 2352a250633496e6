import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { isFree } from '../src/shop/ports.js';
import { processes } from '../src/shop/processes.js';
import { startSidecar, testComponents } from '../src/shop/sidecar.js';

const folders: string[] = [];
afterEach(async () => {
  const left = (await processes()).filter(({ argv }) => argv.some((argument) => folders.some((folder) => argument.includes(folder))));
  expect(left).toEqual([]);
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

async function aFolder() {
  const made = await testComponents();
  folders.push(made.folder);
  return made;
}

const save = (port: number, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${port}/v1.0/state/state`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify([{ key: 'cup', value: { colour: 'blue' } }]),
  });

test('starts with the shop’s own components, keeps state across a restart, and leaves no process', async () => {
  const made = await aFolder();
  const first = await startSidecar({ appId: 'shelf', ...made });
  expect((await save(first.httpPort)).status).toBe(204);
  await first.kill();
  const second = await startSidecar({ appId: 'shelf', ...made });
  const read = await fetch(`http://127.0.0.1:${second.httpPort}/v1.0/state/state/cup`);
  expect(await read.json()).toEqual({ colour: 'blue' });
  await second.stop();
  expect(await isFree(second.httpPort)).toBe(true);
});

test('requires its API token', async () => {
  const sidecar = await startSidecar({ appId: 'shelf', ...(await aFolder()), env: { DAPR_API_TOKEN: 'open sesame' } });
  expect((await save(sidecar.httpPort)).status).toBe(401);
  expect((await save(sidecar.httpPort, { 'dapr-api-token': 'open sesame' })).status).toBe(204);
  await sidecar.stop();
});

test('shows the end of the log when a component cannot be loaded, and leaves no process', async () => {
  const made = await aFolder();
  await writeFile(join(made.folder, 'secrets.json'), '{}');
  await expect(startSidecar({ appId: 'shelf', ...made })).rejects.toThrow(/shelf is not ready[^]*missing connection string/);
});
