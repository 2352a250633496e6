// Runs a command of the project: brings node_modules and dist up to date first. Needs nothing but Node 20 or newer; from there on
// it runs on the Node 24 that npm has installed, if this one is older.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missing } from './preflight.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const ENTRIES = {
  start: () => 'packages/runner/dist/src/commands/start.js',
  seed: () => 'packages/runner/dist/src/commands/seed-command.js',
  keys: () => 'packages/runner/dist/src/commands/keys-command.js',
  test: () => 'packages/runner/dist/src/commands/test.js',
  cluster: () => 'e2e/dist/cluster/main.js',
  conformance: () => 'packages/runner/dist/src/conformance/conformance.js',
  generate: () => 'e2e/dist/chart/generate-command.js',
  'chart-readme': () => 'e2e/dist/chart/readme-command.js',
  bench: () => `bench/dist/src/${process.argv.splice(2, 1)[0]}.js`,
};

const [command = ''] = process.argv.splice(2, 1);
if (!Object.hasOwn(ENTRIES, command)) refuse(`Usage: node scripts/run.mjs ${Object.keys(ENTRIES).join('|')}`);

const WANTED = 24;
const major = Number(process.versions.node.split('.')[0]);
if (major < 20) refuse(`Node 20 or newer is needed to begin with; this is ${process.version}. See https://nodejs.org`);

if (command === 'start' || command === 'test') {
  const absent = await missing(command, process.argv.slice(2));
  if (absent.length > 0) refuse(`Before the shop can run:\n${absent.map((line) => `  - ${line}`).join('\n')}`);
}

if (isOlder('node_modules/.package-lock.json', 'package-lock.json')) {
  run('Installing packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
if (major < WANTED) await continueOn(installedNode());
// Whatever starts `node` from here, such as the commands in dapr.yaml, gets this Node.
process.env.PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
run('Compiling', process.execPath, ['node_modules/typescript/bin/tsc', '-b']);

const entry = ENTRIES[command]();
if (!existsSync(entry)) refuse(`There is no ${entry}.`);
if (command === 'start' && process.env.OTEL_EXPORTER_OTLP_ENDPOINT) await import('../packages/chassis/dist/src/telemetry/telemetry.js'); // for the edge, which runs in here
await import(new URL(`../${entry}`, import.meta.url).href);

/** The platform package of Node that npm has chosen. */
function installedNode() {
  const node = resolve('node_modules/.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (existsSync(node)) return node;
  return refuse(`npm has no Node ${WANTED} for ${process.platform} on ${process.arch}: install it, see https://nodejs.org`);
}

/** Runs this program again, as if it had been started by that Node, and ends as it ends. */
function continueOn(node) {
  const args = [fileURLToPath(import.meta.url), command, ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  // A terminal sends Ctrl-C to both; other programs signal this one alone.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
  return new Promise(() => child.once('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0))));
}

function isOlder(made, source) {
  return !existsSync(made) || statSync(made).mtimeMs < statSync(source).mtimeMs;
}

function run(what, program, args) {
  const started = Date.now();
  process.stdout.write(`${what} ... `);
  const { status } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' });
  if (status !== 0) refuse(`${what} failed.`);
  console.log(`${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function refuse(reason) {
  console.error(reason);
  if (command === 'test') console.log('0 passed, 1 failed');
  process.exit(1);
}
