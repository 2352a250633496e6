import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { root } from '../src/tools/root.js';
import { tool, TOOLS } from '../src/tools/tools.js';

let folder = '';
/** A machine of its own: nothing installed, nothing built. */
let env: NodeJS.ProcessEnv = {};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  env = { HOME: folder, PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') };
});
afterEach(() => rm(folder, { recursive: true }));

async function install(path: string, answer: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho '${answer}'\n`);
  await chmod(file, 0o755);
  return file;
}

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
  const installed = await install(path, version);
  expect(await tool(name, env)).toBe(installed);
});

const FIT = { daprd: '1.18.2', 'nats-server': 'nats-server: v2.12.2', helm: 'v3.22.0', kubeconform: 'v0.8.0', kustomize: 'v5.8.2' };

test.each([
  ['daprd', '1.17.4'],
  ['daprd', 'edge'],
  ['nats-server', 'nats-server: v2.9.10'],
  ['helm', 'version.BuildInfo{Version:"v3.13.3"}'],
  ['helm', 'version.BuildInfo{Version:"v4.0.1"}'],
  ['kubeconform', 'v0.6.7'],
  ['kustomize', 'v4.5.7'],
] as const)('does not take %s %s, and looks further', async (name, version) => {
  await install(`bin/${name}`, version);
  const fit = await install(`.dapr/bin/${name}`, FIT[name]);
  expect(await tool(name, env)).toBe(fit);
});

test.each(Object.entries(TOOLS))('%s has the version that its module in tools/ pins', async (_, { module, version }) => {
  const mod = await readFile(join(root, 'tools', module, 'go.mod'), 'utf8');
  expect(mod).toMatch(new RegExp(` v${version.replaceAll('.', '\\.')}( // indirect)?$`, 'm'));
});

test('takes what an earlier start has built', async () => {
  const built = await install('cache/sidecart/bin/daprd-1.18.2', '1.18.2');
  expect(await tool('daprd', env)).toBe(built);
});

test('builds what is missing once, however many ask for it', async () => {
  await install('bin/go', 'not used');
  const count = join(folder, 'builds');
  const go = `#!/bin/sh\necho built >> '${count}'\nfor last; do part=$before; before=$last; done\n/bin/cp "$0" "$part"\n`;
  await writeFile(join(folder, 'bin/go'), go);
  const [first, second] = await Promise.all([tool('nats-server', env), tool('nats-server', env)]);
  expect(first).toBe(join(folder, 'cache/sidecart/bin/nats-server-2.12.2'));
  expect(second).toBe(first);
  expect(await readFile(count, 'utf8')).toBe('built\n');
});

test.each([
  ['nats-server', '2.9.10'],
  ['helm', '3.13.3'],
  ['kubeconform', '0.6.7'],
  ['kustomize', '4.5.7'],
] as const)('says what %s was found, and what to install on each system, when there is no Go', async (name, version) => {
  const old = await install(`bin/${name}`, `v${version}`);
  const refusal = tool(name, env);
  await expect(refusal).rejects.toThrow(`${old} is ${version}`);
  await expect(refusal).rejects.toThrow(/Linux[^]*macOS[^]*Windows[^]*Go 1.26/);
});
