import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { acceptedVersions, cachedPath, goVersion, NAMES, programOf } from '@sidecart/runner/programs';
import { z } from 'zod';
import { root } from '../src/tools/root.js';
import { tool } from '../src/tools/tools.js';

let folder = '';
/** A machine with nothing installed or built, on which nothing is downloaded. */
let env: NodeJS.ProcessEnv = {};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  env = { HOME: folder, PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache'), SIDECART_RELEASES_URL: '' };
});
afterEach(() => rm(folder, { recursive: true }));

async function install(path: string, script: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}
const printing = (version: string) => `echo '${version}'`;

/** Installs a `go` of this version, whose `go build` does what `build` says. */
const installGo = (build: string, version = '1.26.6', toolchain = 'local') =>
  install('bin/go', `[ "$1" = env ] && printf 'go${version}\\n${toolchain}\\n' && exit\n${build}`);

test.each([
  ['daprd', 'bin/daprd', '1.18.5'],
  ['dapr', 'bin/dapr', 'CLI version: 1.17.0 \nRuntime version: n/a'],
  ['nats-server', 'bin/nats-server', 'nats-server: v2.10.3'],
  ['daprd', '.dapr/bin/daprd', '1.18.0'],
  ['helm', 'bin/helm', 'version.BuildInfo{Version:"v3.14.0", GitCommit:"", GitTreeState:"clean", GoVersion:"go1.21.7"}'],
  ['kubeconform', 'bin/kubeconform', 'v0.7.0'],
  ['kustomize', 'bin/kustomize', 'v5.4.2'],
  ['actionlint', 'bin/actionlint', '1.7.0'],
] as const)('finds %s at %s, version %s', async (name, path, version) => {
  const installed = await install(path, printing(version));
  expect(await tool(name, { env })).toBe(installed);
});

const FIT = { daprd: '1.18.2', 'nats-server': 'nats-server: v2.12.2', helm: 'v3.22.0', kubeconform: 'v0.8.0', kustomize: 'v5.8.2' };

test.each([
  ['daprd', '1.17.4'],
  ['daprd', '1.19.0'],
  ['daprd', 'edge'],
  ['nats-server', 'nats-server: v2.9.10'],
  ['helm', 'version.BuildInfo{Version:"v3.13.3"}'],
  ['helm', 'version.BuildInfo{Version:"v4.0.1"}'],
  ['kubeconform', 'v0.6.7'],
  ['kustomize', 'v4.5.7'],
] as const)('rejects %s %s and looks further', async (name, version) => {
  await install(`bin/${name}`, printing(version));
  const fit = await install(`.dapr/bin/${name}`, printing(FIT[name]));
  expect(await tool(name, { env })).toBe(fit);
});

const Entry = z.strictObject({
  neededBy: z.array(z.enum(['start', 'test'])),
  folder: z.string(),
  module: z.string(),
  package: z.string(),
  flags: z.array(z.string()),
  takes: z.string(),
  installed: z.strictObject({ flag: z.string(), from: z.string(), below: z.string() }).optional(),
  release: z.strictObject({ archive: z.string(), checksums: z.string(), program: z.string() }).optional(),
  install: z.record(z.string(), z.string()),
});

test.each(NAMES)('%s is described completely, and its go.mod has its version', async (name) => {
  const programs = z.record(z.string(), Entry).parse(JSON.parse(await readFile(join(root, 'tools', 'programs.json'), 'utf8')));
  expect(programs).toHaveProperty(name);
  const { version, installed } = programOf(name);
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  if (installed) await install(`bin/${name}`, printing(version));
  else await install(`cache/sidecart/bin/${name}-${version}`, '');
  expect(await tool(name, { env })).toContain(name); // accepts the version that it builds
});

test('says which installed versions it accepts', () => {
  expect(acceptedVersions(programOf('daprd'))).toBe('1.18');
  expect(acceptedVersions(programOf('nats-server'))).toBe('2.10 or newer, below 3');
  expect(acceptedVersions(programOf('ferretdb'))).toBe('');
});

test('uses what an earlier start has built', async () => {
  const { version } = programOf('daprd');
  const built = await install(`cache/sidecart/bin/daprd-${version}`, printing(version));
  expect(await tool('daprd', { env })).toBe(built);
});

/** A build that counts itself in a file and copies `go` as the program. */
const countedBuild = () => `echo built >> '${join(folder, 'builds')}'
for last; do part=$before; before=$last; done
/bin/cp "$0" "$part"`;

test('builds what is missing once, even if several processes need it', async () => {
  await installGo(countedBuild());
  const [first, second] = await Promise.all([tool('nats-server', { env }), tool('nats-server', { env })]);
  expect(first).toBe(cachedPath(programOf('nats-server'), env));
  expect(second).toBe(first);
  expect(await readFile(join(folder, 'builds'), 'utf8')).toBe('built\n');
});

test('lets a Go of 1.21 or newer fetch the version that a module needs', async () => {
  await installGo(countedBuild(), '1.21.0', 'auto');
  expect(await tool('nats-server', { env })).toBe(cachedPath(programOf('nats-server'), env));
});

test.each([
  ['1.20.3', 'auto'],
  ['1.25.9', 'local'],
])('refuses to build with Go %s and GOTOOLCHAIN=%s', async (version, toolchain) => {
  await installGo(countedBuild(), version, toolchain);
  await expect(tool('nats-server', { env })).rejects.toThrow(`is go${version}, and Go ${goVersion()} or newer is needed`);
});

test('shows the end of a build that fails, and leaves nothing in the cache', async () => {
  await installGo('echo "main.go:7: undefined: nats" >&2; exit 1');
  await expect(tool('nats-server', { env })).rejects.toThrow(/nats-server could not be built:\nmain.go:7: undefined: nats/);
  expect(await readdir(join(folder, 'cache/sidecart/bin'))).toEqual([]);
});

test('ends a build when it is aborted', async () => {
  await installGo('exec /bin/sleep 60');
  const abort = new AbortController();
  const building = tool('nats-server', { env, signal: abort.signal });
  setTimeout(() => abort.abort(), 300);
  await expect(building).rejects.toThrow('aborted');
});

test.each([
  ['nats-server', '2.9.10'],
  ['helm', '3.13.3'],
  ['kubeconform', '0.6.7'],
  ['kustomize', '4.5.7'],
] as const)('says which %s was found, and what to install on each system, if Go is missing', async (name, version) => {
  const old = await install(`bin/${name}`, printing(`v${version}`));
  const refusal = tool(name, { env });
  await expect(refusal).rejects.toThrow(`${old} is ${version}`);
  await expect(refusal).rejects.toThrow(/Linux[^]*macOS[^]*Windows[^]*Go 1.26/);
});
