import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { readPackages, withDependents } from '../src/dev/packages.js';
import { watchProject } from '../src/dev/watch.js';
import { LIST } from '../src/shop/services.js';
import { startSystem, type System } from '../src/shop/system.js';
import { root } from '../src/tools/root.js';
import { until } from '../src/tools/until.js';

const trivialApp = fileURLToPath(new URL('trivial-app.js', import.meta.url));
const PORTS = { left: 14_011, right: 14_012 };

let project = '';
let system: System;
let watcher: { close(): void };
const said: string[] = [];

async function write(path: string, content: string | object): Promise<void> {
  const file = join(project, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

async function aPackage(folder: string, dependencies: string[], source: string, file: string): Promise<void> {
  const name = `@demo/${folder.split('/')[1]}`;
  const workspaces = Object.fromEntries(dependencies.map((dependency) => [`@demo/${dependency}`, '*']));
  await write(join(folder, 'package.json'), { name, type: 'module', exports: './dist/src/index.js', dependencies: workspaces });
  const references = dependencies.map((dependency) => ({ path: `../../packages/${dependency}` }));
  const compilerOptions = { rootDir: '.', outDir: 'dist', skipLibCheck: true, types: [] };
  const base = join(root, 'tsconfig.base.json');
  await write(join(folder, 'tsconfig.json'), { extends: base, compilerOptions, include: ['src'], references });
  await write(join(folder, 'src', file), source);
}

/** A service that replies with a text of its own and one of the shared package. */
const service = (text: string) => `import { shared } from '@demo/shared';
Object.assign(globalThis, { greeting: ${text} + ' ' + shared });
await import(${JSON.stringify(trivialApp)} as string);`;

async function aProject(): Promise<void> {
  await aPackage('packages/shared', [], "export const shared = 'first';", 'index.ts');
  for (const name of Object.keys(PORTS)) await aPackage(`services/${name}`, ['shared'], service(`'${name}'`), 'main.ts');
  await write(LIST, stringify({ left: { port: PORTS.left }, right: { port: PORTS.right, publishes: ['right', 'left'] } }));
  await mkdir(join(project, 'node_modules', '@demo'), { recursive: true });
  await symlink(join(project, 'packages/shared'), join(project, 'node_modules/@demo/shared'));
  await symlink(join(root, 'node_modules/@sidecart'), join(project, 'node_modules/@sidecart'));
}

const greeting = async (app: keyof typeof PORTS) =>
  fetch(`${system.urls[app]}/api/greeting`).then(
    (reply) => reply.json(),
    () => undefined,
  );

const untilGreets = (app: keyof typeof PORTS, text: string) =>
  until(
    () => `${app} replies ${text}; ${said.join('\n')}`,
    30,
    async () => (await greeting(app)) === text,
  );

/** Saves a file, and returns once the change is dealt with. */
async function save(path: string, content: string): Promise<void> {
  const before = said.length;
  await write(path, content);
  await until('the change is dealt with', 60, async () => said.length > before);
}

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'sidecart-'));
  await aProject();
  const { execFileSync } = await import('node:child_process');
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'services/left', 'services/right'], {
    cwd: project,
  });
  system = await startSystem({ folder: join(project, '.sidecart'), project });
  watcher = await watchProject({ project, apps: system, say: (line) => said.push(line) });
}, 120_000);
beforeEach(() => void said.splice(0));
afterAll(async () => {
  watcher?.close();
  await system?.stop();
  await rm(project, { recursive: true });
});

describe('npm run dev', () => {
  test('restarts only the app whose file is saved, and keeps its sidecar', async () => {
    const [left, right] = [system.pids('left'), system.pids('right')];
    await save('services/left/src/main.ts', service("'changed'"));
    await untilGreets('left', 'changed first');
    expect(said).toEqual([expect.stringMatching(/^left restarted after \d+\.\d s$/)]);
    expect(system.pids('left').sidecar).toBe(left.sidecar);
    expect(system.pids('left').app).not.toBe(left.app);
    expect(system.pids('right')).toEqual(right);
  });

  test('restarts every app that depends on a package whose file is saved', async () => {
    await save('packages/shared/src/index.ts', "export const shared = 'second';");
    await untilGreets('left', 'changed second');
    await untilGreets('right', 'right second');
    expect(said).toEqual([expect.stringMatching(/^left, right restarted/)]);
  });

  test('shows a type error, and the old service keeps running even if it is started again', async () => {
    const before = system.pids('left');
    await save('services/left/src/main.ts', service("7 satisfies string + 'wrong'"));
    expect(said[0]).toMatch(/services\/left\/src\/main\.ts[^]*Type 'number' does not satisfy[^]*Nothing was restarted/);
    expect(system.pids('left')).toEqual(before);
    expect(await greeting('left')).toBe('changed second');
    await system.kill('left', 'app');
    await system.restart('left');
    expect(await greeting('left')).toBe('changed second');
  });

  test('restarts all that waited for the fix of an error', async () => {
    await save('packages/shared/src/index.ts', 'export const shared: string = 7;');
    expect(said[0]).toContain('Nothing was restarted');
    await save('services/left/src/main.ts', service("'fixed'"));
    await save('packages/shared/src/index.ts', "export const shared = 'third';");
    await untilGreets('left', 'fixed third');
    await untilGreets('right', 'right third');
  });

  test('shows the log of an app that fails to start, and starts it again when it is fixed', async () => {
    await save('services/right/src/main.ts', "throw new Error('broken ' + 'on purpose');");
    expect(said[0]).toMatch(/The app of right ended before it was ready[^]*broken on purpose/);
    await save('services/right/src/main.ts', service("'repaired'"));
    await untilGreets('right', 'repaired third');
  });
});

describe('the packages of this repository', () => {
  const namesOf = async (folder: string) => {
    const packages = await readPackages(root);
    const changed = packages.filter((one) => one.folder === folder);
    return withDependents(packages, changed).map(({ name }) => name);
  };

  test('a change in contracts touches every service with a sidecar', async () => {
    const list = await readFile(join(root, LIST), 'utf8');
    const touched = await namesOf('packages/contracts');
    for (const [, name] of list.matchAll(/^(\w+):\n {2}port/gm)) expect(touched).toContain(`@sidecart/${name}`);
  });

  test('a change in a service touches that service alone', async () => {
    expect(await namesOf('services/orders')).toEqual(['@sidecart/orders']);
  });
});
