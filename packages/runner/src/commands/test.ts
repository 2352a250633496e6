/** `npm test`: lint, format, types, then all suites. The last line counts everything. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../tools/root.js';
import { neededBy } from '@sidecart/runner/programs';
import { runNode } from './run-node.js';
import { suites, type Count } from './suites.js';
import { tool, type ToolName } from '../tools/tools.js';

/** Settings that name a server to test against. */
const SERVERS = ['TEST_POSTGRES_URL', 'TEST_MARIADB_URL', 'TEST_REDIS_URL', 'TEST_RABBITMQ_URL', 'TEST_MONGODB_URL'];

async function check(what: string, program: string, ...args: string[]): Promise<Count> {
  const started = performance.now();
  console.log(`\n${what}`);
  const { code } = await runNode([join('node_modules', program), ...args], { stdio: 'inherit' });
  const seconds = Math.round((performance.now() - started) / 1_000);
  return { what, seconds, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] };
}

/** Gets these programs one after another. */
async function getAll(names: ToolName[]): Promise<void> {
  for (const name of names) await tool(name);
}

parseArgs({ strict: true });
const shop = neededBy('start');
await getAll(shop);
if (!process.env['TEST_MONGODB_URL']) await tool('ferretdb').catch((error: Error) => console.log(error.message));
const forCharts = getAll(neededBy('test').filter((name) => !shop.includes(name)));
forCharts.catch(() => undefined); // thrown where it is awaited

const checks = [
  await check('Lint', 'oxlint/bin/oxlint', '--type-aware', '--deny-warnings'),
  await check(
    'Dependencies',
    'dependency-cruiser/bin/dependency-cruiser.mjs',
    'packages',
    'services',
    'e2e',
    'bench',
    '--output-type=err-long',
  ),
  await check('Format', 'prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
  await check('Types', 'typescript/bin/tsc', '-b'),
];
// Outages take minutes of waiting and little processor time, so run them beside the others.
// Connections that were reset on purpose can keep Node from ending by itself.
const outages = suites('Outages of five minutes', ['--forceExit', `${root}e2e/dist/crash/outage`], { inBackground: true });
const units = await suites('Unit and contract tests', ['--testPathIgnorePatterns', '/node_modules/', `${root}e2e/`]);
await forCharts;
const system = await suites('System tests', ['--runInBand', '--testPathIgnorePatterns', '/node_modules/', 'outage', '--', `${root}e2e/`]);
const counts = [...checks, units, system, await outages];

console.log();
for (const name of SERVERS) console.log(`${name.padEnd(18)} ${process.env[name] ? 'is set' : 'is not set'}`);
for (const skipped of counts.flatMap(({ skipped }) => skipped)) console.log(`skipped: ${skipped}`);

for (const { what, seconds, passed, failed } of counts) console.log(`${what.padEnd(24)} ${passed} passed, ${failed} failed, ${seconds} s`);

const failed = counts.reduce((sum, count) => sum + count.failed, 0);
console.log(`${counts.reduce((sum, count) => sum + count.passed, 0)} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
