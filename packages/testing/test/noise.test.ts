import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

const folders: string[] = [];
afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

/** Runs suites with the repository's Jest settings, in one process. */
async function runSuites(...suites: string[]): Promise<{ passed: boolean; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  folders.push(folder);
  await mkdir(join(folder, 'dist'));
  for (const [index, suite] of suites.entries()) await writeFile(join(folder, 'dist', `suite-${index}.test.js`), suite);
  const args = [fromRoot('node_modules/.bin/jest'), '--config', fromRoot('jest.config.js'), '--rootDir', folder, '--runInBand'];
  return new Promise((resolve) => {
    execFile(process.execPath, ['--experimental-vm-modules', ...args], (error, stdout, stderr) =>
      resolve({ passed: error === null, output: stdout + stderr }),
    );
  });
}

test.each([
  ['an error', `test('prints', () => console.error('no %s left', 'stock'));`, 'Unexpected output: no stock left'],
  ['a warning', `test('prints', () => console.warn('careful'));`, 'Unexpected output: careful'],
  ['a warning outside a test', `console.warn('careful'); test('passes', () => {});`, 'Unexpected output: careful'],
  ['a warning in a hook', `afterAll(() => console.warn('careful')); test('passes', () => {});`, 'Unexpected output: careful'],
  [
    'a warning of the process',
    `const { EventEmitter } = require('node:events');
     test('leaks listeners', () => { const emitter = new EventEmitter(); for (let i = 0; i < 11; i++) emitter.on('x', () => {}); });
     test('comes later', () => new Promise((resolve) => setImmediate(resolve)));`,
    'Unexpected MaxListenersExceededWarning',
  ],
  [
    'an import after its end',
    `test('leaves a timer', () => void setTimeout(() => import('node:fs').catch(() => {}), 0));`,
    'after the Jest environment has been torn down',
  ],
  ['a warning after its end', `test('leaves a timer', () => void setTimeout(() => console.warn('late'), 0));`, 'late'],
])('fails a suite that prints %s', async (_, suite, words) => {
  const { passed, output } = await runSuites(suite);
  expect(output).toContain(words);
  expect(passed).toBe(false);
});

test('lets a test print what it expects, and fails it if nothing is printed', async () => {
  const expecting = (pattern: string) => `(globalThis.expectedWarnings ??= []).push(${pattern});`;
  const printing = await runSuites(`test('prints', () => { ${expecting('/no stock/')} console.warn('no stock left'); });`);
  expect(printing).toMatchObject({ passed: true, output: expect.not.stringContaining('no stock left') });
  const silent = await runSuites(`test('prints', () => { ${expecting('/no stock/')} });`);
  expect(silent).toMatchObject({ passed: false, output: expect.stringContaining('Expected a warning that matches /no stock/') });
  const next = await runSuites(`test('one', () => { ${expecting('/x/')} console.warn('x'); }); test('two', () => console.warn('x'));`);
  expect(next.passed).toBe(false);
});

test('removes the listeners that suites add to the standard streams', async () => {
  const suite = `process.stdout.on('error', () => {}); process.stderr.on('error', () => {}); test('passes', () => {});`;
  const { passed, output } = await runSuites(...Array.from({ length: 12 }, () => suite));
  expect(output).not.toContain('MaxListenersExceededWarning');
  expect(passed).toBe(true);
}, 60_000);
