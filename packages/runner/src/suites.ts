/** Runs suites in Jest, and counts what passed. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { root } from './root.js';

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  /** Suites that could not even be loaded. */
  numRuntimeErrorTestSuites: z.number(),
  testResults: z.array(z.object({ name: z.string(), assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })) })),
});

export interface Count {
  passed: number;
  failed: number;
  skipped: string[];
}

/** Takes Jest's own arguments, and what to add to its environment. */
export async function suites(what: string, args: string[], env: Record<string, string> = {}): Promise<Count> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  const file = join(folder, 'report.json');
  console.log(`\n${what}`);
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const { status } = spawnSync(process.execPath, [...jest, '--json', `--outputFile=${file}`, '--passWithNoTests', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  const report = await readFile(file, 'utf8').then(
    (text) => Report.parse(JSON.parse(text)),
    () => undefined,
  );
  await rm(folder, { recursive: true });
  if (!report) return { passed: 0, failed: 1, skipped: [] };
  const skipped = report.testResults.flatMap(({ name, assertionResults }) => {
    const pending = assertionResults.filter(({ status }) => status === 'pending').map(({ fullName }) => fullName);
    return pending.map((test) => `${relative(root, name).replace('/dist/', '/')}: ${test}`);
  });
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  // Jest also fails a run in which every test passed, for example one that prints after its end.
  return { passed: report.numPassedTests, failed: failed || (status === 0 ? 0 : 1), skipped };
}
