import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { processes } from '../src/shop/processes.js';
import { root } from '../src/tools/root.js';
import { until } from '../src/tools/until.js';

const suites = fileURLToPath(new URL('../src/commands/suites.js', import.meta.url));
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sidecart-'))));
afterEach(() => rm(folder, { recursive: true }));

/** Returns the processes that have the test's folder among their arguments. */
async function started(mark = folder): Promise<number[]> {
  return (await processes()).filter(({ argv }) => argv.some((argument) => argument.includes(mark))).map(({ pid }) => pid);
}

/** A suite that starts two processes, one in another process group, and never ends. */
const suite = (mark: string) => `
  const { spawn } = require('node:child_process');
  test('waits', async () => {
    for (const detached of [true, false])
      spawn(process.execPath, ['--eval', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)', '${mark}'], { detached });
    await new Promise(() => {});
  }, 100_000);`;

/** Runs suites as \`npm test\` does, and waits until each has started its processes. */
async function startSuites(count: number, ...args: string[]) {
  await mkdir(join(folder, 'dist'));
  for (let n = 0; n < count; n++) await writeFile(join(folder, 'dist', `suite-${n}.test.js`), suite(join(folder, `child-${n}`)));
  const jest = ['--config', join(root, 'jest.config.js'), '--rootDir', folder, ...args];
  const script = `import '${root}scripts/exit-on-signals.mjs';
    const { suites } = await import('${suites}');
    await suites('Suites', ${JSON.stringify(jest)});`;
  const runner = spawn(process.execPath, ['--input-type=module', '--eval', script], { cwd: root, stdio: 'ignore' });
  await until('the suites run', 60, async () => (await started(join(folder, 'child-'))).length === 2 * count);
  return runner;
}

/** Returns the main process of Jest that runs the suites in a folder. This suite runs in another. */
async function jestOf(rootDir: string): Promise<number> {
  const found = (await processes()).filter(({ argv }) => argv.includes(rootDir) && argv.some((each) => each.startsWith('--outputFile=')));
  const [jest] = found;
  if (!jest || found.length > 1) throw new Error(`${found.length} processes of Jest run ${rootDir}`);
  return jest.pid;
}

describe('a test run that is stopped leaves no process', () => {
  test.each(SIGNALS)('by %s, with workers', async (signal) => {
    const runner = await startSuites(2, '--maxWorkers', '2');
    runner.kill(signal);
    await once(runner, 'exit');
    await until('all processes are gone', 20, async () => (await started()).length === 0);
  });

  test.each(SIGNALS)('by %s, in one process', async (signal) => {
    const runner = await startSuites(1, '--runInBand');
    runner.kill(signal);
    await once(runner, 'exit');
    await until('all processes are gone', 20, async () => (await started()).length === 0);
  });

  test('by SIGKILL of Jest, with workers', async () => {
    const runner = await startSuites(2, '--maxWorkers', '2');
    process.kill(await jestOf(folder), 'SIGKILL');
    await once(runner, 'exit');
    await until('all processes are gone', 20, async () => (await started()).length === 0);
  });
});

describe('scripts/run.mjs', () => {
  const run = (script: string) =>
    spawn(process.execPath, ['--input-type=module', '--eval', `import { runChild } from '${root}scripts/child.mjs'; ${script}`], {
      stdio: 'ignore',
    });

  test.each(SIGNALS)('ends what it runs when it gets %s', async (signal) => {
    const child = JSON.stringify(['--eval', 'setInterval(() => {}, 1000)', join(folder, 'child')]);
    const parent = run(`process.exit((await runChild(process.execPath, ${child}, {})).code);`);
    await until('the child runs', 20, async () => (await started(join(folder, 'child'))).length === 2);
    parent.kill(signal);
    expect((await once(parent, 'exit'))[0]).toBeGreaterThan(128);
    expect(await started()).toEqual([]);
  });

  test('returns the exit code of what it runs', async () => {
    const parent = run(`process.exit((await runChild(process.execPath, ['--eval', 'process.exit(7)'], {})).code);`);
    expect((await once(parent, 'exit'))[0]).toBe(7);
  });
});
