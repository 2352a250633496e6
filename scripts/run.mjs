// Runs a command of the project, after bringing node_modules and dist up to date. It starts on
// Node 20 and continues on the Node 24 that npm installs.
import { existsSync, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodeOf, runChild } from './child.mjs';
import { missing } from './preflight.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const ENTRIES = {
  start: () => 'packages/runner/dist/src/commands/start.js',
  dev: () => 'packages/runner/dist/src/commands/dev.js',
  seed: () => 'packages/runner/dist/src/commands/seed-command.js',
  keys: () => 'packages/runner/dist/src/commands/keys-command.js',
  test: () => 'packages/runner/dist/src/commands/test.js',
  cluster: () => 'e2e/dist/cluster/main.js',
  conformance: () => 'packages/runner/dist/src/conformance/conformance.js',
  generate: () => 'e2e/dist/chart/generate-command.js',
  'chart-readme': () => 'e2e/dist/chart/readme-command.js',
  screenshots: () => 'e2e/dist/docs/screenshots-command.js',
  bench: () => `bench/dist/src/${process.argv.splice(2, 1)[0]}.js`,
};
/** The commands whose needs are checked before anything is installed. */
const CHECKED = ['start', 'dev', 'test'];
const NODE_MAJOR = 24;

const [command = ''] = process.argv.splice(2, 1);
if (!Object.hasOwn(ENTRIES, command)) refuse(`Usage: node scripts/run.mjs ${Object.keys(ENTRIES).join('|')}`);

if (CHECKED.includes(command)) {
  const lines = await missing(command, process.argv.slice(2));
  if (lines.length > 0) refuse(`npm run ${command} cannot start yet:\n${lines.map((line) => `  - ${line}`).join('\n')}`);
}

if (isOlder('node_modules/.package-lock.json', 'package-lock.json')) {
  await run('Installing packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
const node = Number(process.versions.node.split('.')[0]) < NODE_MAJOR ? installedNode() : process.execPath;
// Whatever starts `node` from here, such as the commands in dapr.yaml, gets this Node.
process.env.PATH = [dirname(realpathSync(node)), process.env.PATH].join(delimiter);
await run('Compiling', node, ['node_modules/typescript/bin/tsc', '-b']);

const entry = ENTRIES[command]();
if (!existsSync(entry)) refuse(`${entry} does not exist.`);
await continueOn(node, [
  ...(await flags()),
  '--import',
  new URL('exit-on-signals.mjs', import.meta.url).href,
  entry,
  ...process.argv.slice(2),
]);

/** Returns the flags of Node for the command. */
async function flags() {
  if (command !== 'start' && command !== 'dev') return [];
  const { HEAP_LIMIT, NODE_FLAGS } = await import('../packages/runner/dist/src/shop/memory.js');
  // For the edge, which runs in this process.
  const telemetry = ['--import', new URL('../packages/chassis/dist/src/telemetry/telemetry.js', import.meta.url).href];
  return [...NODE_FLAGS, HEAP_LIMIT, ...(process.env.OTEL_EXPORTER_OTLP_ENDPOINT ? telemetry : [])];
}

/** Becomes another Node process, or ends as it ends where that is impossible. */
async function continueOn(node, args) {
  // Node warns that it is experimental.
  process.removeAllListeners('warning');
  if (process.execve && process.platform !== 'win32') process.execve(realpathSync(node), [node, ...args], process.env);
  process.exit((await runChild(node, args, { stdio: 'inherit' })).code);
}

/** Returns the path of the Node that npm has installed for this platform. */
function installedNode() {
  const node = resolve('node_modules/.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (existsSync(node)) return node;
  return refuse(`npm has no Node ${NODE_MAJOR} for ${process.platform} on ${process.arch}. Install it: https://nodejs.org`);
}

function isOlder(made, source) {
  return !existsSync(made) || statSync(made).mtimeMs < statSync(source).mtimeMs;
}

async function run(what, program, args) {
  const started = Date.now();
  process.stdout.write(`${what} ... `);
  const { code, received } = await runChild(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (received) process.exit(exitCodeOf(received));
  if (code !== 0) refuse(`${what} failed.`);
  console.log(`${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function refuse(reason) {
  console.error(reason);
  if (command === 'test') console.log('0 passed, 1 failed');
  process.exit(1);
}
