// Runs a command of the project: brings node_modules and dist up to date first. Needs nothing but Node.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const ENTRIES = {
  start: () => 'packages/runner/dist/src/start.js',
  seed: () => 'packages/runner/dist/src/seed-command.js',
  keys: () => 'packages/runner/dist/src/keys-command.js',
  test: () => 'packages/runner/dist/src/test.js',
  cluster: () => 'tests/dist/cluster/main.js',
  conformance: () => 'packages/runner/dist/src/conformance.js',
  'chart-readme': () => 'tests/dist/src/chart-readme-command.js',
  bench: () => `bench/dist/src/${process.argv.splice(2, 1)[0]}.js`,
};

const [command = ''] = process.argv.splice(2, 1);
if (!Object.hasOwn(ENTRIES, command)) refuse(`Usage: node scripts/run.mjs ${Object.keys(ENTRIES).join('|')}`);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) refuse(`Node 20.19 or newer is needed; this is ${process.version}. See https://nodejs.org`);

if (isOlder('node_modules/.package-lock.json', 'package-lock.json')) {
  run('Installing packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
run('Compiling', process.execPath, ['node_modules/typescript/bin/tsc', '-b']);

const entry = ENTRIES[command]();
if (!existsSync(entry)) refuse(`There is no ${entry}.`);
if (command === 'start' && process.env.OTEL_EXPORTER_OTLP_ENDPOINT) await import('../packages/chassis/dist/src/telemetry.js'); // for the edge, which runs in here
await import(new URL(`../${entry}`, import.meta.url).href);

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
