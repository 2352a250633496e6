/** The services beside their sidecars, as one `dapr run -f` starts them. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Tokens } from './keys.js';
import type { App, Plan } from './plan.js';
import { end, processes, signal, gone, type Process } from './processes.js';
import { isReady, untilReady } from './ready.js';
import { until } from './until.js';

export interface Launch {
  /** The path of the Dapr CLI, and of the run file that it gets. */
  dapr: string;
  runFile: string;
  plan: Plan;
  /** The CLI's environment, which sidecars and apps inherit. */
  env: NodeJS.ProcessEnv;
  /** The tokens of each app and its sidecar, by app id. */
  tokens: Record<string, Tokens>;
  /** Takes what all of them write. */
  logFile: string;
  say: (line: string) => void;
  signal: AbortSignal;
}

export type Part = 'app' | 'sidecar';
export type Found = Record<Part, Process | undefined>;

export interface Apps {
  /** Process ids, undefined where nothing runs. */
  pids(appId: string): Promise<Record<Part, number | undefined>>;
  /** Ends one process at once, as a crash would, and waits until it is gone. */
  kill(appId: string, part: Part): Promise<void>;
  /** Starts again what was killed, with the same command line and environment, and waits until the app is ready. */
  restart(appId: string): Promise<void>;
  /** What has ended by itself, as `app of orders`. */
  missing(): Promise<string[]>;
  /** Settles when the Dapr CLI has ended. */
  ended: Promise<void>;
  /** Apps first, which drain, then the sidecars, then the CLI, which would otherwise kill them. */
  stop(): Promise<void>;
}

/**
 * Starts all apps and waits until each answers 200 at /health/ready. If that fails, all are ended again.
 * @throws when one ends early or is not ready within two minutes; the message has the end of its log
 */
export async function startApps(launch: Launch): Promise<Apps> {
  const { plan, env, tokens, logFile } = launch;
  const output = openSync(logFile, 'w');
  const cli = run(launch.dapr, ['run', '-f', launch.runFile], dirname(launch.runFile), env);
  let cliLives = true;
  const ended = new Promise<void>((resolve) => cli.once('exit', () => resolve())).then(() => void (cliLives = false));

  // The CLI leads a process group that all belong to, except what is started again later.
  const restarted = new Set<number>();
  const sidecarCommands = new Map<string, string[]>();
  const killNow = () => [-cli.pid, ...restarted].forEach((pid) => signal(pid, 'SIGKILL'));
  process.once('exit', killNow);

  function run(program: string, args: string[], cwd: string, environment: NodeJS.ProcessEnv) {
    const child = spawn(program, args, { cwd, env: environment, stdio: ['ignore', output, output] }).on('error', () => {});
    if (child.pid === undefined) throw new Error(`${program} could not be started`);
    return Object.assign(child, { pid: child.pid });
  }

  async function ours(): Promise<Process[]> {
    return (await processes()).filter(({ pid, group }) => group === cli.pid || restarted.has(pid));
  }

  /** What runs of each app at this moment. */
  async function lookAround(): Promise<(app: App) => Found> {
    const all = await ours();
    return (app) => ({ app: all.find((one) => isApp(one, app)), sidecar: all.find((one) => isSidecar(one, app)) });
  }

  const find = async (app: App) => (await lookAround())(app);

  function appOf(appId: string): App {
    const app = plan.apps.find(({ appID }) => appID === appId);
    if (!app) throw new Error(`There is no app ${appId}`);
    return app;
  }

  async function kill(appId: string, part: Part): Promise<void> {
    const found = (await find(appOf(appId)))[part];
    if (!found) throw new Error(`The ${part} of ${appId} does not run`);
    if (part === 'sidecar') sidecarCommands.set(appId, found.argv);
    signal(found.pid, 'SIGKILL');
    await gone([found.pid], 10);
    restarted.delete(found.pid);
  }

  async function restart(appId: string): Promise<void> {
    const app = appOf(appId);
    const found = await find(app);
    const missing = [
      { runs: found.sidecar, command: sidecarCommands.get(appId) ?? [], own: {} },
      { runs: found.app, command: app.command, own: appEnv(app) },
    ].filter(({ runs }) => !runs);
    for (const { command, own } of missing) {
      const [program = '', ...args] = command;
      restarted.add(run(program, args, app.appDirPath, { ...env, ...tokens[appId], ...own }).pid);
    }
    await until(
      () => `${appId} is ready again; see ${logFile}`,
      60,
      () => isReady(app),
    );
  }

  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= stopAll());

  async function stopAll(): Promise<void> {
    const all = await ours();
    const pidsOf = (is: typeof isApp) => all.filter((one) => plan.apps.some((app) => is(one, app))).map(({ pid }) => pid);
    await end(pidsOf(isApp), 15);
    await end(pidsOf(isSidecar), 10);
    await end([cli.pid], 2);
    killNow();
    await gone(
      (await ours()).map(({ pid }) => pid),
      5,
    );
    process.removeListener('exit', killNow);
    closeSync(output);
  }

  const pids = async (appId: string) => {
    const { app, sidecar } = await find(appOf(appId));
    return { app: app?.pid, sidecar: sidecar?.pid };
  };

  async function missing(): Promise<string[]> {
    const found = await lookAround();
    const parts = ['app', 'sidecar'] as const;
    return plan.apps.flatMap((app) => parts.filter((part) => !found(app)[part]).map((part) => `${part} of ${app.appID}`));
  }

  try {
    await untilReady(launch, lookAround, () => cliLives);
    return { pids, kill, restart, missing, ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Node's title takes the place of the command line as soon as it has started. */
function isApp({ argv }: Process, { appID }: App): boolean {
  return argv[0] === appID || argv.includes(`--title=${appID}`);
}

function isSidecar({ argv }: Process, { appID }: App): boolean {
  return argv[argv.indexOf('--app-id') + 1] === appID && argv.includes('--app-id');
}

/** What the CLI adds to an app's environment. */
function appEnv(app: App): Record<string, string> {
  return {
    APP_ID: app.appID,
    APP_PORT: String(app.appPort),
    APP_PROTOCOL: 'http',
    DAPR_HTTP_PORT: String(app.daprHTTPPort),
    DAPR_GRPC_PORT: String(app.daprGRPCPort),
  };
}
