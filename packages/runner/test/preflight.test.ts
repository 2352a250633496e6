import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { goVersion, programOf, releaseUrls } from '@sidecart/runner/programs';
import { listen } from '../src/tools/listen.js';
import { root } from '../src/tools/root.js';

interface Preflight {
  missing(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<string[]>;
  missingNode(version: string): string[];
}

let preflight: Preflight;
let home: string;
/** A machine with nothing installed, which cannot download anything. */
let bare: NodeJS.ProcessEnv;

beforeAll(async () => {
  preflight = (await import(join(root, 'scripts', 'preflight.mjs'))) as Preflight;
});
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecart-'));
  bare = { HOME: home, PATH: join(home, 'bin'), XDG_CACHE_HOME: join(home, 'cache'), SIDECART_RELEASES_URL: '' };
});
afterEach(() => rm(home, { recursive: true }));

async function install(path: string, prints: string): Promise<void> {
  const file = join(home, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\nprintf '${prints}\\n'\n`);
  await chmod(file, 0o755);
}

/** Flags that choose ports which nothing uses. */
const FREE = ['--port=14021', '--mail-port=14022', '--smtp-port', '14023', '--nats-port=14024'];
const missing = (args: string[] = FREE, env = bare, command = 'start') => preflight.missing(command, args, env);

describe('programs', () => {
  test('lists every missing program and Go at once, before anything is installed', async () => {
    await install('bin/daprd', '1.17.4');
    const sentences = await missing();
    expect(sentences).toContain(`daprd 1.18 is not installed (${join(home, 'bin', 'daprd')} is 1.17.4).`);
    expect(sentences).toContain('nats-server 2.10 or newer, below 3 is not installed.');
    expect(sentences).toContainEqual(expect.stringMatching(/^Go 1\.26 or newer is needed to build daprd, nats-server: .*go\.dev/));
  });

  test('accepts what is installed, and what an earlier start has built', async () => {
    await install('.dapr/bin/daprd', '1.18.0');
    await install(`cache/sidecart/bin/nats-server-${programOf('nats-server').version}`, '');
    expect(await missing()).not.toContainEqual(expect.stringMatching(/daprd|nats-server|Go/));
  });

  test('needs no nats-server for another broker', async () => {
    await install('.dapr/bin/daprd', '1.18.0');
    expect(await missing([...FREE, '--pubsub', 'redis'])).not.toContainEqual(expect.stringContaining('nats-server'));
  });

  test('npm test also needs the programs that check the chart', async () => {
    expect(await missing([], bare, 'test')).toContainEqual(expect.stringMatching(/^Go .* to build daprd, nats-server, otelcol, helm/));
  });

  test('a suitable Go is enough', async () => {
    await install('bin/go', 'go1.26.8\\nlocal');
    expect(await missing()).not.toContainEqual(expect.stringMatching(/daprd|Go/));
  });

  test('names a Go that is too old', async () => {
    await install('bin/go', 'go1.20.1\\nauto');
    expect(await missing()).toContainEqual(expect.stringContaining(`${join(home, 'bin', 'go')} is go1.20.1`));
  });

  describe('that can be downloaded', () => {
    let mirror: Server;
    let found: string[];
    beforeEach(async () => {
      mirror = createServer((request, response) => response.writeHead(found.includes(request.url ?? '') ? 200 : 404).end());
      bare['SIDECART_RELEASES_URL'] = `http://127.0.0.1:${await listen(mirror, 0, '127.0.0.1')}`;
      const checksums = (['daprd', 'nats-server'] as const).map((name) => releaseUrls(programOf(name), bare)?.checksums ?? '');
      found = checksums.map((url) => new URL(url).pathname);
    });
    afterEach(() => void mirror.close());

    test('need no Go', async () => {
      expect(await missing()).not.toContainEqual(expect.stringMatching(/daprd|Go/));
    });

    test('are named with the server if one of them is not there', async () => {
      found.pop();
      const sentences = await missing();
      expect(sentences).toContainEqual(expect.stringMatching(/^nats-server .* cannot be downloaded from http:\/\/127\.0\.0\.1/));
      expect(sentences).not.toContainEqual(expect.stringContaining('daprd'));
    });
  });
});

describe('ports', () => {
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    server = createServer();
    port = await listen(server, 0, '127.0.0.1');
  });
  afterAll(() => void server.close());

  test.each([
    ['start', 'npm start'],
    ['dev', 'npm run dev'],
  ])('%s names a port in use with the flag that changes it', async (command, npm) => {
    const refusal = `Port ${port} is in use. Stop the program that uses it, or choose another port: ${npm} -- --mail-port=<port>`;
    expect(
      await missing(
        [...FREE, `--mail-port=${port}`].filter((flag) => flag !== '--mail-port=14022'),
        bare,
        command,
      ),
    ).toContain(refusal);
    expect(await missing(FREE, bare, command)).not.toContain(refusal);
  });

  test('are not checked for npm test', async () => {
    expect(await missing([`--port=${port}`], bare, 'test')).not.toContainEqual(expect.stringMatching(/^Ports? /));
  });
});

describe('Node', () => {
  test.each(['18.20.4', '20.18.3'])('%s is refused', (version) => {
    expect(preflight.missingNode(version)).toEqual([expect.stringContaining(`Node 20.19 or newer is needed, and this is ${version}`)]);
  });

  test.each(['20.19.0', '22.1.0', '24.0.0'])('%s will do', (version) => {
    expect(preflight.missingNode(version)).toEqual([]);
  });
});

test('the README names the versions that are checked', async () => {
  const readme = (await readFile(join(root, 'README.md'), 'utf8')).replace(/\s+/g, ' ');
  const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(readme).toContain(`[Node](https://nodejs.org) ${engines.node.replace('>=', '')} or newer`);
  expect(readme).toContain(`[Go](https://go.dev) ${goVersion()} or newer`);
});
