/** The processes of the services and their sidecars, which are restarted when they end. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComponentFolder } from './components.js';
import type { Tokens } from './keys.js';
import { sidecarFlags, type App } from './plan.js';
import { endedEarly, isReady, untilReady } from './ready.js';
import { killOnExit, supervise, type Supervised } from './supervised.js';
import { until } from '../tools/until.js';

export interface Launch {
  /** Path of the sidecar's program. */
  daprd: string;
  plan: App[];
  components: ComponentFolder;
  /** The environment of all sidecars and apps. */
  env: NodeJS.ProcessEnv;
  /** The tokens of each app and its sidecar, by app id. */
  tokens: Record<string, Tokens>;
  /** Folder for a log per process, `<app id>.log` and `<app id>-sidecar.log`. */
  logs: string;
  say: (line: string) => void;
  signal: AbortSignal;
}

export type Part = 'app' | 'sidecar';
export type Parts = Record<Part, Supervised>;

export interface Apps {
  /** Returns process ids, `undefined` for what is not running. */
  pids(appId: string): Record<Part, number | undefined>;
  /** Kills one process, as in a crash. It stays down until `restart`. */
  kill(appId: string, part: Part): Promise<void>;
  /** Starts again what was killed, and waits until the app is ready. */
  restart(appId: string): Promise<void>;
  has(appId: string): boolean;
  /**
   * Replaces an app's process, while its sidecar keeps running, and waits until it is ready.
   * @throws if it ends before that, with the end of its log; it then stays down until the next call
   */
  reload(appId: string): Promise<void>;
  /** Stops the apps, which drain, and then the sidecars. */
  stop(): Promise<void>;
}

/**
 * Starts all apps and waits until each is ready. If that fails, it stops all of them.
 * @throws if one ends early or is not ready within two minutes; the message has the end of its log
 */
export async function startApps(launch: Launch): Promise<Apps> {
  const { plan, logs, say } = launch;
  await mkdir(logs, { recursive: true });
  const all = new Map(plan.map((app) => [app, start(launch, app)]));

  const forget = killOnExit([...all.values()].flatMap(({ app, sidecar }) => [app, sidecar]));
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= stopAll());
  async function stopAll(): Promise<void> {
    for (const part of ['app', 'sidecar'] as const) await Promise.all([...all.values()].map((parts) => parts[part].stop()));
    forget();
  }

  function find(appId: string): { app: App; parts: Parts } {
    const [app, parts] = [...all].find(([{ appID }]) => appID === appId) ?? [];
    if (!app || !parts) throw new Error(`${appId} is not an app of this shop`);
    return { app, parts };
  }

  try {
    await untilReady(launch, all);
  } catch (error) {
    await stop();
    throw error;
  }
  for (const { app, sidecar } of all.values()) for (const part of [sidecar, app]) part.keepUp();
  return {
    pids(appId) {
      const { app, sidecar } = find(appId).parts;
      return { app: app.pid(), sidecar: sidecar.pid() };
    },
    kill: (appId, part) => find(appId).parts[part].kill(),
    async restart(appId) {
      const { app, parts } = find(appId);
      for (const part of [parts.sidecar, parts.app]) part.keepUp();
      await until(`${appId} is ready again; see ${logs}`, 60, () => isReady(app));
      say(`${appId} is ready again`);
    },
    has: (appId) => plan.some(({ appID }) => appID === appId),
    async reload(appId) {
      const { app, parts } = find(appId);
      await parts.app.stop();
      parts.app.start();
      await until(`${appId} is ready again; see ${logs}`, 60, async () => {
        if (parts.app.pid() === undefined) throw await endedEarly(parts.app);
        return isReady(app);
      });
      parts.app.keepUp();
    },
    stop,
  };
}

function start({ daprd, components, env, tokens, logs, say }: Launch, app: App): Parts {
  const { appID, appDirPath: cwd } = app;
  const own = { ...env, ...tokens[appID] };
  const [program = '', ...args] = app.command;
  return {
    sidecar: supervise(
      {
        name: `The sidecar of ${appID}`,
        program: daprd,
        args: sidecarFlags(app, components),
        cwd: components.folder,
        env: own,
        logFile: join(logs, `${appID}-sidecar.log`),
      },
      say,
    ),
    app: supervise(
      { name: `The app of ${appID}`, program, args, cwd, env: { ...own, ...appEnv(app) }, logFile: join(logs, `${appID}.log`) },
      say,
    ),
  };
}

/** Returns the variables that the Dapr CLI sets for an app as well. */
function appEnv(app: App): Record<string, string> {
  return {
    APP_ID: app.appID,
    APP_PORT: String(app.appPort),
    APP_PROTOCOL: 'http',
    DAPR_HTTP_PORT: String(app.daprHTTPPort),
    DAPR_GRPC_PORT: String(app.daprGRPCPort),
  };
}
