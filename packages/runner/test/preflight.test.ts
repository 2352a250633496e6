import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listen } from '../src/tools/listen.js';
import { root } from '../src/tools/root.js';

type Missing = (command: string, args: string[], env: NodeJS.ProcessEnv) => Promise<string[]>;

let missing: Missing;
let home: string;

beforeAll(async () => {
  ({ missing } = (await import(join(root, 'scripts', 'preflight.mjs'))) as { missing: Missing });
  home = await mkdtemp(join(tmpdir(), 'sidecart-'));
});
afterAll(() => rm(home, { recursive: true }));

async function program(...path: string[]): Promise<void> {
  const file = join(home, ...path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, '');
  await chmod(file, 0o755);
}

describe('before anything is installed', () => {
  test('Go is asked for if a program is neither installed nor built', async () => {
    const bare = { HOME: home, PATH: join(home, 'bin') };
    expect(await missing('test', [], bare)).toEqual([expect.stringMatching(/^daprd and nats-server are not installed.*Go 1\.26.*go\.dev/)]);
    await program('.dapr', 'bin', 'daprd');
    expect(await missing('test', [], bare)).toEqual([expect.stringMatching(/^nats-server is not installed/)]);
    await program('.cache', 'sidecart', 'bin', 'nats-server-2.12.2');
    expect(await missing('test', [], { ...bare, XDG_CACHE_HOME: join(home, '.cache') })).toEqual([]);
  });

  test('Go alone is enough', async () => {
    await program('go', 'go');
    expect(await missing('test', [], { HOME: join(home, 'nobody'), PATH: join(home, 'go') })).toEqual([]);
  });

  test('a taken port is named with the flag that changes it, unless another is chosen', async () => {
    const env = { HOME: join(home, 'nobody'), PATH: join(home, 'go') };
    const server = createServer();
    const isOurs = await listen(server, 8025, '127.0.0.1').then(
      () => true,
      () => false, // another program has it: all the better
    );
    const refusal = expect.stringMatching(/^Port 8025 is taken.*--mail-port/);
    expect(await missing('start', [], env)).toContainEqual(refusal);
    expect(await missing('start', ['--mail-port=18025'], env)).not.toContainEqual(refusal);
    if (isOurs) server.close();
  });
});
