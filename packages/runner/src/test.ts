/** `npm test`: lint, format, types, then all suites. The last line counts everything. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './root.js';
import { suites, type Count } from './suites.js';
import { tool, type ToolName } from './tools.js';

/** Servers that suites run against where they are named. */
const SERVERS = ['TEST_POSTGRES_URL', 'TEST_MARIADB_URL', 'TEST_REDIS_URL', 'TEST_RABBITMQ_URL', 'TEST_MONGODB_URL'];

function check(what: string, program: string, ...args: string[]): Count {
  console.log(`\n${what}`);
  const passed = spawnSync(process.execPath, [join('node_modules', program), ...args], { stdio: 'inherit' }).status === 0;
  return passed ? { passed: 1, failed: 0, skipped: [] } : { passed: 0, failed: 1, skipped: [] };
}

parseArgs({ strict: true });
const needed: ToolName[] = ['daprd', 'nats-server', 'helm', 'kubeconform', 'kustomize', 'actionlint', 'otelcol'];
for (const name of needed) await tool(name);
if (!process.env['TEST_MONGODB_URL']) await tool('ferretdb').catch((error: Error) => console.log(error.message));

const counts = [
  check('Lint', 'oxlint/bin/oxlint', '--type-aware', '--deny-warnings'),
  check('Format', 'prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
  check('Types', 'typescript/bin/tsc', '-b'),
  await suites('Unit and contract tests', ['--testPathIgnorePatterns', '/node_modules/', `${root}tests/`]),
  await suites('System tests', ['--runInBand', `${root}tests/`]),
];

console.log();
for (const name of SERVERS) console.log(`${name.padEnd(18)} ${process.env[name] ? 'is set' : 'is not set'}`);
for (const skipped of counts.flatMap(({ skipped }) => skipped)) console.log(`skipped: ${skipped}`);

const failed = counts.reduce((sum, count) => sum + count.failed, 0);
console.log(`${counts.reduce((sum, count) => sum + count.passed, 0)} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
