/** Runs suites in Jest, and counts what passed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { root } from '../tools/root.js';
import { runNode } from './run-node.js';

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  /** Suites that could not even be loaded. */
  numRuntimeErrorTestSuites: z.number(),
  testResults: z.array(z.object({ name: z.string(), assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })) })),
});

export interface SuiteOptions {
  /** Added to the environment. */
  env?: Record<string, string>;
  inBackground?: boolean;
}

export interface Count {
  what: string;
  seconds: number;
  passed: number;
  failed: number;
  skipped: string[];
}

/** Runs Jest with these arguments. With `inBackground`, its output is printed at the end. */
export async function suites(what: string, args: string[], { env = {}, inBackground = false }: SuiteOptions = {}): Promise<Count> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  const file = join(folder, 'report.json');
  if (!inBackground) console.log(`\n${what}`);
  const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const jest = [...options, 'node_modules/jest/bin/jest.js', '--json', `--outputFile=${file}`, '--passWithNoTests', ...args];
  const { code, output } = await runNode(jest, { env, stdio: ['ignore', 'ignore', inBackground ? 'pipe' : 'inherit'] });
  if (inBackground) console.log(`\n${what}\n${output}`);
  const report = await readFile(file, 'utf8').then(
    (text) => Report.parse(JSON.parse(text)),
    () => undefined,
  );
  await rm(folder, { recursive: true });
  const seconds = Math.round((performance.now() - started) / 1_000);
  if (!report) return { what, seconds, passed: 0, failed: 1, skipped: [] };
  const skipped = report.testResults.flatMap(({ name, assertionResults }) => {
    const pending = assertionResults.filter(({ status }) => status === 'pending').map(({ fullName }) => fullName);
    return pending.map((test) => `${relative(root, name).replace('/dist/', '/')}: ${test}`);
  });
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  // Jest also fails a run in which every test passed, for example one that prints after its end.
  return { what, seconds, passed: report.numPassedTests, failed: failed || (code === 0 ? 0 : 1), skipped };
}
