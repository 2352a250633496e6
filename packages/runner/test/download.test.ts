import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { cachedPath, fill, programOf, type ToolName } from '@sidecart/runner/programs';
import { listen } from '../src/tools/listen.js';
import { tool } from '../src/tools/tools.js';

type Reply = (response: ServerResponse) => void;

let folder = '';
let env: NodeJS.ProcessEnv = {};
let mirror: Server;
let url = '';
/** What the mirror serves, by path. */
let served: Map<string, Buffer | Reply>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  served = new Map();
  mirror = createServer((request, response) => {
    const reply = served.get(request.url ?? '');
    if (typeof reply === 'function') reply(response);
    else response.writeHead(reply ? 200 : 404).end(reply);
  });
  url = `http://127.0.0.1:${await listen(mirror, 0, '127.0.0.1')}`;
  env = { HOME: folder, PATH: '/usr/bin:/bin', XDG_CACHE_HOME: join(folder, 'cache'), SIDECART_RELEASES_URL: `${url}/github/` };
});
afterEach(async () => {
  mirror.closeAllConnections();
  mirror.close();
  await rm(folder, { recursive: true });
});

/** Puts a release on the mirror: an archive with a program that prints `version`. */
async function publish(name: ToolName, version = programOf(name).version): Promise<{ archive: string; checksums: string }> {
  const program = programOf(name);
  if (!program.release) throw new Error(`${name} has no release`);
  const [archive, path] = [program.release.archive, program.release.program].map((text) => fill(text, program)) as [string, string];
  const file = join(folder, 'release', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho '${version}'\n`);
  await chmod(file, 0o755);
  await promisify(execFile)('tar', ['-czf', join(folder, 'archive'), '-C', join(folder, 'release'), path]);
  const bytes = await readFile(join(folder, 'archive'));
  const checksum = createHash('sha256').update(bytes).digest('hex');
  const fileName = archive.split('/').at(-1);
  const paths = { archive: `/github/${archive}`, checksums: `/github/${dirname(archive)}/${fill(program.release.checksums, program)}` };
  served.set(paths.archive, bytes);
  // As `sha256sum -b` and GoReleaser write it.
  served.set(paths.checksums, Buffer.from(`${'0'.repeat(64)}  another.zip\n${checksum} ${name === 'daprd' ? '*' : ' '}${fileName}\n`));
  return paths;
}

/** Puts a `go` on PATH that builds a script. */
async function installGo(): Promise<void> {
  const go = join(folder, 'bin', 'go');
  await mkdir(dirname(go));
  await writeFile(
    go,
    `#!/bin/sh\n[ "$1" = env ] && printf 'go1.26.6\\nlocal\\n' && exit\nfor last; do part=$before; before=$last; done\necho built > "$part"\nchmod +x "$part"`,
  );
  await chmod(go, 0o755);
  env['PATH'] = `${join(folder, 'bin')}:${env['PATH']}`;
}

const cache = () => readdir(join(folder, 'cache', 'sidecart', 'bin'));

test.each(['daprd', 'nats-server'] as const)('downloads the release of %s to the cache', async (name) => {
  await publish(name);
  const path = await tool(name, { env });
  expect(path).toBe(cachedPath(programOf(name), env));
  expect((await promisify(execFile)(path)).stdout).toBe(`${programOf(name).version}\n`);
  expect(await cache()).toEqual([`${name}-${programOf(name).version}`]);
});

test('follows redirects, as releases on GitHub have them', async () => {
  const { archive } = await publish('daprd');
  const bytes = served.get(archive);
  if (!bytes) throw new Error('nothing is published');
  served.set('/elsewhere', bytes);
  served.set(archive, (response) => response.writeHead(302, { location: '/elsewhere' }).end());
  expect(await tool('daprd', { env })).toBe(cachedPath(programOf('daprd'), env));
});

const half: Reply = (response) => response.writeHead(200, { 'content-length': 1_000 }).write('half', () => response.destroy());

test.each<[string, RegExp, (paths: { archive: string; checksums: string }) => unknown]>([
  [
    'the archive has a wrong checksum',
    /has the SHA-256 checksum [0-9a-f]{64} instead of/,
    ({ archive }) => served.set(archive, Buffer.from('evil')),
  ],
  ['the archive is missing', /daprd_\w+\.tar\.gz replied 404/, ({ archive }) => served.delete(archive)],
  ['the checksum is missing', /\.sha256 replied 404/, ({ checksums }) => served.delete(checksums)],
  ['the checksum is one of another file', /has no checksum of daprd_/, ({ checksums }) => served.set(checksums, Buffer.from('<html>'))],
  ['the download is interrupted', /the download of \S+ was interrupted/, ({ archive }) => served.set(archive, half)],
  ['the server never replies', /did not reply within 0.2 s/, ({ checksums }) => served.set(checksums, () => {})],
  [
    'the server stops replying',
    /did not reply within 0.2 s/,
    ({ archive }) => served.set(archive, (response) => response.writeHead(200).write('half')),
  ],
  ['the server cannot be reached', /cannot be reached \(ECONNREFUSED\)/, () => mirror.close()],
  ['the archive has another version', /is 1\.17\.0/, () => publish('daprd', '1.17.0')],
  ['the program does not run here', /is not one that runs here/, () => publish('daprd', 'no version')],
])('builds daprd and says why if %s', async (_, reason, breakMirror) => {
  await breakMirror(await publish('daprd'));
  await installGo();
  const said: string[] = [];
  const path = await tool('daprd', { env, patience: 200, say: (line) => said.push(line) });
  expect(said).toEqual([expect.stringMatching(/^daprd .* was not downloaded: .*\. Building it from tools\/daprd instead\.$/)]);
  expect(said[0]).toMatch(reason);
  expect(await readFile(path, 'utf8')).toBe('built\n');
  expect(await cache()).toEqual([`daprd-${programOf('daprd').version}`]);
});

test('says why nothing was downloaded and that Go is missing', async () => {
  await expect(tool('daprd', { env })).rejects.toThrow(
    /daprd 1\.18 is missing[^]*\.sha256 replied 404[^]*Go 1\.26 or newer is not installed/,
  );
  expect(await cache()).toEqual([]);
});

test('downloads nothing if the mirror is set to the empty string', async () => {
  await publish('daprd');
  await expect(tool('daprd', { env: { ...env, SIDECART_RELEASES_URL: '' } })).rejects.toThrow('Go 1.26 or newer is not installed');
});
