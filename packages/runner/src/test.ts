/** `npm test`: lint, format, types, then all suites. The last line counts everything. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { root } from './root.js';
import { tool, type ToolName } from './tools.js';

/** Servers that suites run against where they are named. */
const SERVERS = ['TEST_POSTGRES_URL', 'TEST_MARIADB_URL', 'TEST_REDIS_URL', 'TEST_RABBITMQ_URL', 'TEST_MONGODB_URL'];

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  /** Suites that could not even be loaded. */
  numRuntimeErrorTestSuites: z.number(),
  testResults: z.array(z.object({ name: z.string(), assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })) })),
});

interface Count {
  passed: number;
  failed: number;
  skipped: string[];
}

function check(what: string, program: string, ...args: string[]): Count {
  console.log(`\n${what}`);
  const passed = spawnSync(process.execPath, [join('node_modules', program), ...args], { stdio: 'inherit' }).status === 0;
  return passed ? { passed: 1, failed: 0, skipped: [] } : { passed: 0, failed: 1, skipped: [] };
}

async function suites(what: string, ...args: string[]): Promise<Count> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  const file = join(folder, 'report.json');
  console.log(`\n${what}`);
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  spawnSync(process.execPath, [...jest, '--json', `--outputFile=${file}`, '--passWithNoTests', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
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
  return { passed: report.numPassedTests, failed: report.numFailedTests + report.numRuntimeErrorTestSuites, skipped };
}

parseArgs({ strict: true });
const needed: ToolName[] = ['dapr', 'daprd', 'nats-server', 'helm', 'kubeconform', 'kustomize'];
for (const name of needed) await tool(name);
if (!process.env['TEST_MONGODB_URL']) await tool('ferretdb').catch((error: Error) => console.log(error.message));

const counts = [
  check('Lint', 'oxlint/bin/oxlint', '--type-aware', '--deny-warnings'),
  check('Format', 'prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
  check('Types', 'typescript/bin/tsc', '-b'),
  await suites('Unit and contract tests', '--testPathIgnorePatterns', '/node_modules/', `${root}tests/`),
  await suites('System tests', '--runInBand', `${root}tests/`),
];

console.log();
for (const name of SERVERS) console.log(`${name.padEnd(18)} ${process.env[name] ? 'is set' : 'is not set'}`);
for (const skipped of counts.flatMap(({ skipped }) => skipped)) console.log(`skipped: ${skipped}`);

const failed = counts.reduce((sum, count) => sum + count.failed, 0);
console.log(`${counts.reduce((sum, count) => sum + count.passed, 0)} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
