// The programs that the shop and its checks run, from tools/programs.json: which versions will do
// and where they are. Runs before npm has installed anything, on Node 20.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TOOLS = fileURLToPath(new URL('../../../tools/', import.meta.url));
const WINDOWS = process.platform === 'win32';
const PROGRAMS = JSON.parse(readFileSync(join(TOOLS, 'programs.json'), 'utf8'));
const GITHUB = 'https://github.com';

export const NAMES = Object.keys(PROGRAMS);

export function neededBy(command) {
  return NAMES.filter((name) => PROGRAMS[name].neededBy.includes(command));
}

export function programOf(name) {
  const program = PROGRAMS[name];
  const module = program.module.replaceAll('.', '\\.');
  const line = new RegExp(`^(?:require )?\\s*${module} v(\\d+\\.\\d+\\.\\d+)`, 'm');
  const version = line.exec(readFileSync(join(TOOLS, program.folder, 'go.mod'), 'utf8'))?.[1];
  if (!version) throw new Error(`tools/${program.folder}/go.mod does not require ${program.module}.`);
  return { ...program, name, version };
}

export function fill(text, { version }) {
  const values = {
    version,
    os: WINDOWS ? 'windows' : process.platform,
    arch: process.arch === 'x64' ? 'amd64' : process.arch,
    extension: WINDOWS ? 'zip' : 'tar.gz',
    exe: WINDOWS ? '.exe' : '',
  };
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function acceptedVersions({ installed }) {
  if (!installed) return '';
  const [major, minor = 0] = installed.from.split('.').map(Number);
  const isOneMinor = installed.below === `${major}.${minor + 1}`;
  return isOneMinor ? installed.from : `${installed.from} or newer, below ${installed.below}`;
}

export async function findInstalled(program, env) {
  const unusable = [];
  for (const folder of program.installed ? searchedFolders(env) : []) {
    const path = join(folder, executable(program.name));
    const version = await versionOf(path, program);
    if (version && isBetween(version, program.installed)) return { path, unusable };
    if (version) unusable.push(`${path} is ${version}`);
  }
  const cached = cachedPath(program, env);
  return (await isExecutable(cached)) ? { path: cached, unusable } : { unusable };
}

export async function versionOf(path, { installed }) {
  if (!installed || !(await isExecutable(path))) return undefined;
  const { stdout } = await run(path, [installed.flag], { timeout: 10_000 }).catch(() => ({ stdout: '' }));
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0];
}

export function cachedPath({ name, version }, env) {
  return join(cacheFolder(env), executable(`${name}-${version}`));
}

export function cacheFolder(env) {
  const home = homeOf(env);
  const caches = {
    win32: env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'),
    darwin: join(home, 'Library', 'Caches'),
  };
  return join(caches[process.platform] ?? env.XDG_CACHE_HOME ?? join(home, '.cache'), 'sidecart', 'bin');
}

export function releaseUrls({ release, version }, env) {
  const host = env.SIDECART_RELEASES_URL ?? GITHUB;
  if (!release || host === '') return undefined;
  const archive = `${host.replace(/\/$/, '')}/${fill(release.archive, { version })}`;
  return { archive, checksums: new URL(fill(release.checksums, { version }), archive).href };
}

export function goVersion() {
  const goMod = readFileSync(join(TOOLS, 'daprd', 'go.mod'), 'utf8');
  return /^go (\d+\.\d+)/m.exec(goMod)?.[1] ?? '';
}

export async function findGo(env) {
  for (const folder of searchedFolders(env)) {
    const path = join(folder, executable('go'));
    if (await isExecutable(path)) return { path, problem: await problemOfGo(path, env) };
  }
  return { problem: `Go ${goVersion()} or newer is not installed` };
}

/**
 * Since 1.21, Go downloads a newer version of itself where a module needs it, unless that is off.
 */
async function problemOfGo(path, env) {
  const { stdout } = await run(path, ['env', 'GOVERSION', 'GOTOOLCHAIN'], { env, timeout: 10_000 }).catch(() => ({ stdout: '' }));
  const [version = '', toolchain = ''] = stdout.split('\n');
  const number = /\d+\.\d+/.exec(version)?.[0] ?? '0.0';
  const enough = toolchain.startsWith('local') ? goVersion() : '1.21';
  return isBetween(number, { from: enough, below: '2' })
    ? undefined
    : `${path} is ${version || 'unusable'}, and Go ${goVersion()} or newer is needed`;
}

function isBetween(version, { from, below }) {
  return compare(version, from) >= 0 && compare(version, below) < 0;
}

function compare(a, b) {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  const differences = [0, 1, 2].map((i) => (left[i] ?? 0) - (right[i] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}

function searchedFolders(env) {
  const path = env.PATH ?? env.Path ?? '';
  return [...path.split(delimiter).filter(Boolean), join(homeOf(env), '.dapr', 'bin')];
}

function homeOf(env) {
  return env.HOME ?? homedir();
}

function executable(name) {
  return WINDOWS ? `${name}.exe` : name;
}

export function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
