/** The broker, and every service beside its sidecar. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeQueues } from '@sidecart/streams/queues';
import { startApps, type Apps } from './apps.js';
import { startBroker, type Broker } from './broker.js';
import { secretsFile, writeComponents, type PubsubChoice, type StateChoice } from './components.js';
import { appTokens, serviceSecrets, type Tokens } from './keys.js';
import { MEMORY_ENV } from './memory.js';
import { onFreePorts, planOf, portsBySetting, type App } from './plan.js';
import { freePorts, refuseTaken } from './ports.js';
import { processes } from './processes.js';
import { root } from '../tools/root.js';
import { appsOf, readServices, subscriptionsOf, topicsOf, type Services } from './services.js';
import { tool } from '../tools/tools.js';
import { tracing } from './tracing.js';

export interface SystemOptions {
  /** Folder for keys, data and logs. A later start in the same folder uses them again. */
  folder: string;
  /** The folder with the list of services and their folders. Defaults to the repository. */
  project?: string;
  /** Port of the shop's NATS. Services then use the ports in the list, otherwise free ports. */
  natsPort?: number;
  /** Default to SQLite in the folder and the shop's own NATS. */
  state?: StateChoice;
  pubsub?: PubsubChoice;
  /** Added to the environment of every sidecar and app. */
  env?: Record<string, string>;
  /** Called with each line of progress. */
  say?: (line: string) => void;
  /** Aborts the start. */
  signal?: AbortSignal;
}

export interface System extends Apps {
  services: Services;
  /** `http://127.0.0.1:<port>` of apps and of sidecars, by app id. */
  urls: Record<string, string>;
  sidecars: Record<string, string>;
  admin: { email: string; password: string };
  /** The tokens of each app and its sidecar, by app id. Every start generates new ones. */
  tokens: Record<string, Tokens>;
  /** The folder of the logs, `<app id>.log` and `<app id>-sidecar.log`. */
  logs: string;
  /** The shop's own NATS, if it uses that. */
  broker: Broker | undefined;
}

/**
 * Starts the shop and waits until every app is ready. If that fails, nothing is left running.
 * @throws if a port is in use, a program is missing, or an app or sidecar ends early; the message
 * says what to do
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { folder, project = root, say = () => {}, signal = new AbortController().signal } = options;
  const daprd = await tool('daprd');
  await refuseSecondStart(folder);
  await mkdir(join(folder, 'data'), { recursive: true });

  const services = await readServices(project);
  const apps = appsOf(services);
  const listed = planOf(services, project);
  const plan = options.natsPort === undefined ? await onFreePorts(listed) : listed;
  const state = options.state ?? { provider: 'sqlite', connection: join(folder, 'data') };
  const natsPort = options.pubsub ? undefined : (options.natsPort ?? (await freePorts(1))[0]);
  await refuseTaken({ ...portsBySetting(plan), ...(natsPort !== undefined && { natsPort }) });

  const traced = tracing({ ...process.env, ...options.env });
  const secrets = await serviceSecrets(folder, services);
  const { ADMIN_EMAIL: email = '', ADMIN_PASSWORD: password = '' } = secrets['sidecart-identity'] ?? {};
  const tokens = appTokens(apps);

  const broker = natsPort === undefined ? undefined : await startBroker(folder, natsPort, { topics: topicsOf(services), apps }, say);
  const pubsub = options.pubsub ?? { provider: 'jetstream', connection: broker?.url ?? '' };
  try {
    if (pubsub.provider === 'rabbitmq') await makeQueues(pubsub.connection, subscriptionsOf(services));
    const components = await writeComponents(folder, {
      state,
      pubsub,
      files: ['bindings/cron.yaml', 'bindings/files-local.yaml', 'bindings/sms-local.yaml'],
      secrets,
      tracing: traced,
    });
    const env = {
      ...MEMORY_ENV,
      ...process.env,
      NODE_ENV: 'production',
      ...options.env,
      HOST: '127.0.0.1',
      DAPR_HOST_IP: '127.0.0.1',
      SIDECART_SECRETS: secretsFile(folder),
    };
    const logs = join(folder, 'logs');
    await rm(logs, { recursive: true, force: true });
    const started = await startApps({ daprd, plan, components, env, tokens, logs, say, signal });
    const stop = async () => {
      await started.stop().finally(() => broker?.stop());
    };
    return { ...started, stop, services, broker, tokens, logs, admin: { email, password }, ...addressesOf(plan) };
  } catch (error) {
    await broker?.stop();
    throw error;
  }
}

/**
 * @throws if processes of an earlier start use the folder, because both would change the same data
 */
export async function refuseSecondStart(folder: string): Promise<void> {
  const marks = [`--resources-path=${join(folder, 'components')}`, join(folder, 'nats.conf')];
  const running = (await processes()).filter(({ argv }) => marks.some((mark) => argv.includes(mark))).map(({ pid }) => pid);
  if (running.length > 0)
    throw new Error(`The shop is already running in ${folder}. Stop it where it was started, or: kill ${running.join(' ')}`);
}

function addressesOf(plan: App[]): Pick<System, 'urls' | 'sidecars'> {
  const urls = (port: 'appPort' | 'daprHTTPPort') => Object.fromEntries(plan.map((app) => [app.appID, `http://127.0.0.1:${app[port]}`]));
  return { urls: urls('appPort'), sidecars: urls('daprHTTPPort') };
}
