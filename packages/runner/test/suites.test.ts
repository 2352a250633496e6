import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { root } from '../src/tools/root.js';

const suites = fileURLToPath(new URL('../src/commands/suites.js', import.meta.url));
const folders: string[] = [];
afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

/** Returns what `suites()` counts for one suite, in a separate process because it prints. */
async function countOf(suite: string): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  folders.push(folder);
  await mkdir(join(folder, 'dist'));
  await writeFile(join(folder, 'dist', 'one.test.js'), suite);
  const script = `import { suites } from '${suites}'; console.log(JSON.stringify(await suites('One', ['--rootDir', '${folder}'])));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd: root });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

const one = { what: 'One', seconds: expect.any(Number) };

test('counts a run that Jest itself fails, although every test passes', async () => {
  const late = `test('leaves a timer', () => void setTimeout(() => import('node:fs').catch(() => {}), 0));`;
  expect(await countOf(late)).toEqual({ ...one, passed: 1, failed: 1, skipped: [] });
});

test('counts a failed test once', async () => {
  expect(await countOf(`test('fails', () => { throw new Error('x'); });`)).toEqual({ ...one, passed: 0, failed: 1, skipped: [] });
});
