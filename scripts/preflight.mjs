// What a first start needs, looked for before anything is installed. Needs nothing but Node 20.
import { accessSync, constants, existsSync, readdirSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const GIB = 1024 ** 3;
/** Packages, compiled code, and the Go modules and caches of a sidecar. */
const DISK_GIB = 4;
const PORTS = { 8080: '--port', 8025: '--mail-port', 1025: '--smtp-port' };

/** Returns a sentence for each thing that is missing. */
export async function missing(command, args, env = process.env) {
  return [...missingGo(env), ...missingDisk(), ...(command === 'start' ? await takenPorts(args) : [])];
}

/** The sidecar and the broker are built with Go if they are not installed. */
function missingGo(env) {
  const home = env.HOME ?? homedir();
  const folders = [...(env.PATH ?? env.Path ?? '').split(delimiter), join(home, '.dapr', 'bin')];
  const has = (name) => folders.some((folder) => isExecutable(join(folder, name)) || isExecutable(join(folder, `${name}.exe`)));
  const cache = join(env.XDG_CACHE_HOME ?? join(home, process.platform === 'darwin' ? 'Library/Caches' : '.cache'), 'sidecart', 'bin');
  const built = existsSync(cache) ? readdirSync(cache) : [];
  const absent = ['daprd', 'nats-server'].filter((name) => !has(name) && !built.some((file) => file.startsWith(`${name}-`)));
  if (absent.length === 0 || has('go') || process.platform === 'win32') return [];
  return [
    `${absent.join(' and ')} ${absent.length > 1 ? 'are' : 'is'} not installed, and Go 1.26 to build ${absent.length > 1 ? 'them' : 'it'} is missing: see https://go.dev/doc/install`,
  ];
}

function missingDisk() {
  const { bavail, bsize } = statfsSync('.');
  const free = (bavail * bsize) / GIB;
  return free >= DISK_GIB ? [] : [`${DISK_GIB} GiB of disk are needed here, and ${free.toFixed(1)} are free.`];
}

async function takenPorts(args) {
  if (args.some((arg) => arg === '--help')) return [];
  const checked = Object.entries(PORTS).filter(([, flag]) => !args.some((arg) => arg.startsWith(flag)));
  const taken = await Promise.all(checked.map(async ([port, flag]) => ((await isFree(Number(port))) ? [] : [[port, flag]])));
  return taken
    .flat()
    .map(
      ([port, flag]) =>
        `Port ${port} is taken, by another program or by a shop that runs already. Stop that, or: npm start -- ${flag}=<another port>`,
    );
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
