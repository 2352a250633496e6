/** A real sidecar, for tests of a single service or of the chassis. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { secretsFile } from './components.js';
import { freePorts } from './ports.js';
import { tool } from '../tools/tools.js';
import { until } from '../tools/until.js';

export { testComponents } from './components.js';
export { freePorts } from './ports.js';

export interface SidecarOptions {
  appId: string;
  /**
   * Port of the app on 127.0.0.1. Without it, the sidecar only serves state, secrets and
   * publishing.
   */
  appPort?: number;
  /** Folder of the component files. */
  components: string;
  /** Folder with `secrets.json`, which also gets the log: see `testComponents()`. */
  folder: string;
  /** The path of a Configuration file. */
  config?: string;
  daprHttpPort?: number;
  /** Port of its metrics for Prometheus. Without it, there are none. */
  metricsPort?: number;
  /** Added to this process's environment: DAPR_API_TOKEN, APP_API_TOKEN. */
  env?: Record<string, string>;
}

export interface Sidecar {
  httpPort: number;
  grpcPort: number;
  pid: number;
  /** Stops the sidecar gracefully, and kills it after ten seconds. */
  stop(): Promise<void>;
  /** Kills the sidecar, as in a crash. */
  kill(): Promise<void>;
  /** Returns what it has logged so far. */
  log(): string;
}

/**
 * Starts a sidecar on free ports of 127.0.0.1 and waits until its components are loaded.
 * @throws if it ends or is not ready within 30 s; the message has the end of its log
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const daprd = await tool('daprd');
  const [freeHttpPort = 0, grpcPort = 0, internalPort = 0] = await freePorts(3);
  const httpPort = options.daprHttpPort ?? freeHttpPort;
  const logFile = join(options.folder, `${options.appId}-${httpPort}.log`);
  const output = openSync(logFile, 'a');
  const env = { ...process.env, DAPR_HOST_IP: '127.0.0.1', SIDECART_SECRETS: secretsFile(options.folder), ...options.env };
  const child = spawn(daprd, flags(options, httpPort, grpcPort, internalPort), {
    cwd: options.folder,
    env,
    stdio: ['ignore', output, output],
  });
  closeSync(output);

  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      process.removeListener('exit', killNow);
      resolve();
    };
    child.once('exit', end).once('error', end);
  });

  const log = () => readFileSync(logFile, 'utf8');
  const kill = async () => {
    killNow();
    await ended;
  };
  const stop = async () => {
    child.kill('SIGTERM');
    const force = setTimeout(killNow, 10_000);
    await ended;
    clearTimeout(force);
  };

  const tail = () => `the sidecar of ${options.appId} is not ready; the end of ${logFile}:\n${log().split('\n').slice(-20).join('\n')}`;
  try {
    await until(tail, 30, async () => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) throw new Error(tail());
      return isOpen(`http://127.0.0.1:${httpPort}/v1.0/healthz/outbound`, env);
    });
  } catch (error) {
    await kill();
    throw error;
  }
  return { httpPort, grpcPort, pid: child.pid ?? 0, stop, kill, log };
}

function flags(
  { appId, appPort, metricsPort, components, config }: SidecarOptions,
  httpPort: number,
  grpcPort: number,
  internalPort: number,
): string[] {
  return [
    ['--app-id', appId],
    ['--resources-path', components],
    ['--dapr-http-port', String(httpPort)],
    ['--dapr-grpc-port', String(grpcPort)],
    ['--dapr-internal-grpc-port', String(internalPort)],
    ['--dapr-listen-addresses', '127.0.0.1'],
    ['--dapr-internal-grpc-listen-address', '127.0.0.1'],
    ['--max-body-size', '16Mi'],
    ['--log-level', 'warn'],
    metricsPort === undefined
      ? ['--enable-metrics=false']
      : ['--metrics-port', String(metricsPort), '--metrics-listen-address', '127.0.0.1'],
    appPort === undefined ? [] : ['--app-port', String(appPort)],
    config === undefined ? [] : ['--config', config],
  ].flat();
}

async function isOpen(url: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const headers: Record<string, string> = env['DAPR_API_TOKEN'] ? { 'dapr-api-token': env['DAPR_API_TOKEN'] } : {};
  return fetch(url, { headers, signal: AbortSignal.timeout(1000) }).then(
    (answer) => answer.status === 204,
    () => false,
  );
}
