/** The programs that the shop and its checks run on: found where the user has them, else built once from the pinned modules in `tools/`. */
import { execFile } from 'node:child_process';
import { access, constants, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import lockfile from 'proper-lockfile';
import { root } from './root.js';

interface Tool {
  /** What is built where nothing else will do. */
  version: string;
  /** The argument that makes a found program tell its version, and which answers will do. A tool without is always ours. */
  found?: { flag: string; accepts: (major: number, minor: number) => boolean; wanted: string };
  /** The folder in `tools/`, the package in it, and how long the first build takes on two cores. */
  module: string;
  package: string;
  flags: string[];
  takes: string;
}

/** By name; each version is the one that the module in `tools/` pins. */
export const TOOLS = {
  daprd: {
    version: '1.18.2',
    found: { flag: '--version', accepts: (major, minor) => major === 1 && minor === 18, wanted: '1.18' },
    module: 'daprd',
    package: '.',
    flags: ['-tags', 'stablecomponents', '-ldflags', '-s -w -X github.com/dapr/dapr/pkg/buildinfo.version=1.18.2'],
    takes: '5 minutes',
  },
  dapr: {
    version: '1.16.5',
    found: { flag: '--version', accepts: (major, minor) => major === 1 && minor >= 15, wanted: '1.15 or newer' },
    module: 'dapr-cli',
    package: 'github.com/dapr/cli',
    flags: ['-ldflags', '-s -w -X main.version=1.16.5'],
    takes: '3 minutes',
  },
  'nats-server': {
    version: '2.12.2',
    found: { flag: '-v', accepts: (major, minor) => major === 2 && minor >= 10, wanted: '2.10 or newer' },
    module: 'nats-server',
    package: 'github.com/nats-io/nats-server/v2',
    flags: ['-ldflags', '-s -w'],
    takes: '20 seconds',
  },
  ferretdb: { version: '1.24.2', module: 'ferretdb', package: '.', flags: ['-ldflags', '-s -w'], takes: '45 seconds' },
  otelcol: { version: '0.155.0', module: 'otelcol', package: '.', flags: ['-ldflags', '-s -w'], takes: '2 minutes' },
  helm: {
    version: '3.22.0',
    found: { flag: 'version', accepts: (major, minor) => major === 3 && minor >= 14, wanted: '3.14 or newer, below 4' },
    module: 'helm',
    package: 'helm.sh/helm/v3/cmd/helm',
    flags: ['-ldflags', `-s -w ${helmVersions('3.22.0', '37')}`],
    takes: '4 minutes',
  },
  kubeconform: {
    version: '0.8.0',
    found: { flag: '-v', accepts: (major, minor) => major > 0 || minor >= 7, wanted: '0.7 or newer' },
    module: 'kubeconform',
    package: 'github.com/yannh/kubeconform/cmd/kubeconform',
    flags: ['-ldflags', '-s -w -X main.version=v0.8.0'],
    takes: '20 seconds',
  },
  kustomize: {
    version: '5.8.2',
    found: { flag: 'version', accepts: (major) => major === 5, wanted: '5' },
    module: 'kustomize',
    package: 'sigs.k8s.io/kustomize/kustomize/v5',
    flags: ['-ldflags', '-s -w -X sigs.k8s.io/kustomize/api/provenance.version=v5.8.2'],
    takes: '30 seconds',
  },
  actionlint: {
    version: '1.7.12',
    found: { flag: '-version', accepts: (major, minor) => major === 1 && minor >= 7, wanted: '1.7 or newer' },
    module: 'actionlint',
    package: 'github.com/rhysd/actionlint/cmd/actionlint',
    flags: ['-ldflags', '-s -w -X github.com/rhysd/actionlint.version=1.7.12'],
    takes: '20 seconds',
  },
} satisfies Record<string, Tool>;

/** Helm takes its own version from the linker, and the one of Kubernetes that it renders for where it sees no cluster. */
function helmVersions(helm: string, kubernetesMinor: string): string {
  const kubernetes = ['pkg/chartutil', 'pkg/lint/rules'].flatMap((place) => [
    `-X helm.sh/helm/v3/${place}.k8sVersionMajor=1`,
    `-X helm.sh/helm/v3/${place}.k8sVersionMinor=${kubernetesMinor}`,
  ]);
  return [`-X helm.sh/helm/v3/internal/version.version=v${helm}`, ...kubernetes].join(' ');
}

export type ToolName = keyof typeof TOOLS;

const run = promisify(execFile);
const windows = process.platform === 'win32';
const executable = (name: string) => (windows ? `${name}.exe` : name);

/**
 * The path of a program. Looks on PATH, in `~/.dapr/bin`, then in the user's cache, and builds it there if it has to.
 * @throws when there is neither the program nor Go; the message says what to install
 */
export async function tool(name: ToolName, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const wanted: Tool = TOOLS[name];
  const unfit: string[] = [];
  for (const folder of wanted.found ? searched(env) : []) {
    const path = join(folder, executable(name));
    const version = await versionOf(path, wanted);
    if (version === undefined) continue;
    if (fits(version, wanted)) return path;
    unfit.push(`${path} is ${version}`);
  }
  const target = join(cacheFolder(env), executable(`${name}-${wanted.version}`));
  if (await isExecutable(target)) return target;
  const go = await findGo(env);
  if (!go) throw new Error(missing(name, wanted, unfit));
  await build(go, wanted, target, env);
  return target;
}

function searched(env: NodeJS.ProcessEnv): string[] {
  const path = env['PATH'] ?? env['Path'] ?? '';
  return [...path.split(delimiter).filter(Boolean), join(home(env), '.dapr', 'bin')];
}

function home(env: NodeJS.ProcessEnv): string {
  return env['HOME'] ?? homedir();
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  const caches = {
    win32: env['LOCALAPPDATA'] ?? join(home(env), 'AppData', 'Local'),
    darwin: join(home(env), 'Library', 'Caches'),
    other: env['XDG_CACHE_HOME'] ?? join(home(env), '.cache'),
  };
  const cache = process.platform === 'win32' ? caches.win32 : process.platform === 'darwin' ? caches.darwin : caches.other;
  return join(cache, 'sidecart', 'bin');
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function versionOf(path: string, wanted: Tool): Promise<string | undefined> {
  if (!wanted.found || !(await isExecutable(path))) return undefined;
  const answer = await run(path, [wanted.found.flag], { timeout: 10_000 }).catch(() => ({ stdout: '' }));
  return /\d+\.\d+\.\d+/.exec(answer.stdout)?.[0];
}

function fits(version: string, wanted: Tool): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return wanted.found?.accepts(major, minor) ?? false;
}

async function findGo(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of searched(env)) {
    const path = join(folder, executable('go'));
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

async function build(go: string, wanted: Tool, target: string, env: NodeJS.ProcessEnv): Promise<void> {
  await mkdir(join(target, '..'), { recursive: true });
  const release = await lockfile.lock(target, { realpath: false, retries: { forever: true, minTimeout: 1000, maxTimeout: 1000 } });
  const part = `${target}.part`;
  const done = progress(`Building ${wanted.module} ${wanted.version} into ${target} (once; about ${wanted.takes})`);
  try {
    if (await isExecutable(target)) return;
    await run(go, ['build', '-trimpath', ...wanted.flags, '-o', part, wanted.package], {
      cwd: join(root, 'tools', wanted.module),
      env: { ...env, CGO_ENABLED: '0' },
      maxBuffer: 64 * 1024 * 1024,
    });
    await rename(part, target);
  } finally {
    done();
    await rm(part, { force: true });
    await release();
  }
}

/** Says what is going on and for how long: a line that counts on a terminal, a dot every ten seconds elsewhere. */
function progress(what: string): () => void {
  const { stderr } = process;
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  stderr.write(what);
  const timer = setInterval(() => stderr.write(stderr.isTTY ? `\r${what} ${seconds()}` : '.'), stderr.isTTY ? 1000 : 10_000);
  return () => {
    clearInterval(timer);
    stderr.write(stderr.isTTY ? `\r${what} ${seconds()}\n` : ` ${seconds()}\n`);
  };
}

function missing(name: ToolName, wanted: Tool, unfit: string[]): string {
  const dapr = [
    `  Linux    wget -q https://raw.githubusercontent.com/dapr/cli/master/install/install.sh -O - | /bin/bash`,
    `  macOS    brew install dapr/tap/dapr-cli`,
    `  Windows  winget install Dapr.CLI`,
    `  then     dapr init --slim --runtime-version ${TOOLS.daprd.version}`,
  ];
  const nats = [
    `  Linux    https://github.com/nats-io/nats-server/releases (one file, put it on PATH)`,
    `  macOS    brew install nats-server`,
    `  Windows  winget install NATSAuthors.NATSServer`,
  ];
  const go = [`  Linux    https://go.dev/doc/install`, `  macOS    brew install go`, `  Windows  winget install GoLang.Go`];
  const helm = [
    `  Linux    https://github.com/helm/helm/releases (version 3, put it on PATH)`,
    `  macOS    brew install helm@3`,
    `  Windows  winget install Helm.Helm --version ${TOOLS.helm.version}`,
  ];
  const kubeconform = [
    `  Linux    https://github.com/yannh/kubeconform/releases (one file, put it on PATH)`,
    `  macOS    brew install kubeconform`,
    `  Windows  winget install YannHamon.kubeconform`,
  ];
  const kustomize = [
    `  Linux    https://github.com/kubernetes-sigs/kustomize/releases (one file, put it on PATH)`,
    `  macOS    brew install kustomize`,
    `  Windows  winget install Kubernetes.kustomize`,
  ];
  const actionlint = [
    `  Linux    https://github.com/rhysd/actionlint/releases (one file, put it on PATH)`,
    `  macOS    brew install actionlint`,
    `  Windows  winget install rhysd.actionlint`,
  ];
  const direct = { actionlint, daprd: dapr, dapr, 'nats-server': nats, ferretdb: [], otelcol: [], helm, kubeconform, kustomize }[name];
  return [
    `${name}${wanted.found ? ` ${wanted.found.wanted}` : ''} is not here, and there is no Go to build it with.`,
    ...unfit.map((found) => `Found, but not usable: ${found}.`),
    ...(direct.length > 0
      ? ['Install it:', ...direct, 'or install Go 1.26 or newer, and it is built from tools/:']
      : ['Install Go 1.26 or newer:']),
    ...go,
  ].join('\n');
}
