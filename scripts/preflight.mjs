// Finds what a command lacks before anything is installed. Runs on Node 20 without packages.
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import {
  acceptedVersions,
  findGo,
  findInstalled,
  goVersion,
  neededBy,
  programOf,
  releaseUrls,
} from '../packages/runner/bootstrap/programs.mjs';

const GIB = 1024 ** 3;
const LIST = 'charts/sidecart/services.yaml';
/** How long to wait for the server with the releases. */
const PATIENCE_MS = 5_000;

/**
 * Returns a sentence for each thing that `npm start`, `npm run dev` or `npm test` lacks.
 * @param command `start`, `dev` or `test`
 * @param args its arguments
 */
export async function missing(command, args, env = process.env) {
  if (args.includes('--help')) return [];
  const { sentences, builds } = await missingPrograms(command, args, env);
  return [...missingNode(), ...sentences, ...missingDisk(builds, env), ...(command === 'test' ? [] : await portsInUse(command, args))];
}

/** Returns a sentence if this version of Node is too old to start with. */
export function missingNode(version = process.versions.node) {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [major, minor] = engines.node.replace('>=', '').split('.').map(Number);
  const [ours, ourMinor] = version.split('.').map(Number);
  if (ours > major || (ours === major && ourMinor >= minor)) return [];
  return [`Node ${major}.${minor} or newer is needed, and this is ${version}. See https://nodejs.org`];
}

/** Also returns the programs that will be built. */
async function missingPrograms(command, args, env) {
  const broker = valueOf('--pubsub', args) ?? 'jetstream';
  const names = neededBy(command === 'test' ? 'test' : 'start').filter((name) => name !== 'nats-server' || broker === 'jetstream');
  const looked = await Promise.all(
    names.map(async (name) => ({ program: programOf(name), ...(await findInstalled(programOf(name), env)) })),
  );
  const absent = looked.filter(({ path }) => path === undefined);
  if (absent.length === 0) return { sentences: [], builds: [] };
  const go = await findGo(env);
  const builds = absent.map(({ program }) => program.name);
  if (!go.problem) return { sentences: [], builds };
  const downloadable = await Promise.all(absent.map(({ program }) => isDownloadable(program, env)));
  const lacking = absent.filter((_, i) => !downloadable[i]);
  if (lacking.length === 0) return { sentences: [], builds: [] };
  return { sentences: lacking.map((found) => programSentence(found, env)).concat(goSentence(lacking, go)), builds: [] };
}

function programSentence({ program, unusable }, env) {
  const versions = acceptedVersions(program);
  const url = releaseUrls(program, env);
  return [
    `${program.name}${versions && ` ${versions}`} is not installed`,
    ...unusable.map((found) => ` (${found})`),
    url ? ` and cannot be downloaded from ${new URL(url.archive).origin}.` : '.',
  ].join('');
}

function goSentence(lacking, { problem }) {
  const names = lacking.map(({ program }) => program.name).join(', ');
  return `Go ${goVersion()} or newer is needed to build ${names}: ${problem}. See https://go.dev/doc/install`;
}

async function isDownloadable(program, env) {
  const urls = releaseUrls(program, env);
  if (!urls) return false;
  return fetch(urls.checksums, { signal: AbortSignal.timeout(PATIENCE_MS) }).then(
    (response) => response.ok,
    () => false,
  );
}

/** What packages, compiled code and data take, and the modules and caches of Go. */
function missingDisk(builds, env) {
  const here = existsSync('node_modules') ? 0.5 : 1.5;
  const home = env.HOME ?? homedir();
  const needs = [['.', here], ...(builds.includes('daprd') && existsSync(home) ? [[home, here + 3]] : [])];
  return needs.flatMap(([folder, needed]) => {
    const { bavail, bsize } = statfsSync(folder);
    const free = (bavail * bsize) / GIB;
    return free >= needed ? [] : [`${needed} GiB of disk space are needed in ${folder}, and ${free.toFixed(1)} GiB are free.`];
  });
}

async function portsInUse(command, args) {
  const npm = command === 'start' ? 'npm start' : `npm run ${command}`;
  const flagged = { '--port': 8080, '--mail-port': 8025, '--smtp-port': 1025, '--nats-port': 14_222 };
  if ((valueOf('--pubsub', args) ?? 'jetstream') !== 'jetstream') delete flagged['--nats-port'];
  const chosen = Object.entries(flagged).map(([flag, usual]) => [flag, Number(valueOf(flag, args) ?? usual)]);
  const [ours, theirs] = [await inUse(chosen.map(([, port]) => port)), await inUse(servicePorts())];
  const sentences = chosen
    .filter(([, port]) => ours.includes(port))
    .map(([flag, port]) => `Port ${port} is in use. Stop the program that uses it, or choose another port: ${npm} -- ${flag}=<port>`);
  if (theirs.length === 0) return sentences;
  if (theirs.length === servicePorts().length) return ['The shop is already running: the ports of all services are in use.'];
  return [...sentences, `Ports ${theirs.join(', ')} are in use. Stop the programs that use them, or change the ports in ${LIST}.`];
}

/** Returns the ports of all services and sidecars. */
function servicePorts() {
  const ports = [...readFileSync(LIST, 'utf8').matchAll(/^ {2}port: (\d+)$/gm)].map(([, port]) => Number(port));
  return ports.flatMap((port) => [port, port + 500, port + 600, port + 700]);
}

async function inUse(ports) {
  const free = await Promise.all(ports.map(isFree));
  return ports.filter((_, i) => !free[i]);
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Returns the value of a flag that is given as `--flag=value` or `--flag value`. */
function valueOf(flag, args) {
  const index = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  return args[index]?.split('=')[1] ?? (index < 0 ? undefined : args[index + 1]);
}
