/** The whole shop on one machine: the broker, and every service beside its sidecar. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TOPICS } from '@sidecart/contracts/topics';
import { makeQueues } from '@sidecart/streams/queues';
import { startApps, type Apps } from './apps.js';
import { startBroker, type Broker } from './broker.js';
import { secretsFile, writeComponents, type PubsubChoice, type StateChoice } from './components.js';
import { appTokens, serviceSecrets, type Tokens } from './keys.js';
import { onFreePorts, portsOf, readPlan, type Plan } from './plan.js';
import { freePorts, refuseTaken } from './ports.js';
import { processes } from './processes.js';
import { root } from '../tools/root.js';
import { readSubscriptions } from './subscriptions.js';
import { tool } from '../tools/tools.js';
import { tracing } from './tracing.js';

export interface SystemOptions {
  /** Takes everything that is written: keys, data, logs. A later start in the same folder finds it all again. */
  folder: string;
  /** A Multi-App Run file, by default the repository's `dapr.yaml`. */
  plan?: string;
  /** The port of our own NATS, beside the ports in the plan. Without it, all get ports that nothing listens on. */
  natsPort?: number;
  /** By default SQLite in the folder, and our own NATS. */
  state?: StateChoice;
  pubsub?: PubsubChoice;
  /** What the apps publish, by default what the shop does. */
  topics?: readonly string[];
  /** Added to the environment of every sidecar and app. */
  env?: Record<string, string>;
  /** Takes one line of progress at a time. */
  say?: (line: string) => void;
  /** Gives up starting. */
  signal?: AbortSignal;
}

export interface System extends Apps {
  /** `http://127.0.0.1:<port>` by app id: of the apps, and of their sidecars. */
  urls: Record<string, string>;
  sidecars: Record<string, string>;
  admin: { email: string; password: string };
  /** What each app and its sidecar show each other, by app id. New at every start. */
  tokens: Record<string, Tokens>;
  /** The folder of the logs, `<app id>.log` and `<app id>-sidecar.log`. */
  logs: string;
  /** Our own NATS, if the shop runs on it. */
  broker: Broker | undefined;
}

/**
 * Starts the shop and waits until every app is ready. If that fails, nothing is left running.
 * @throws when a port is taken, a program is missing, or an app or sidecar ends early; the message says what to do
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { folder, say = () => {}, signal = new AbortController().signal } = options;
  const daprd = await tool('daprd');
  await refuseSecondStart(folder);
  await mkdir(join(folder, 'data'), { recursive: true });

  const written = await readPlan(options.plan ?? join(root, 'dapr.yaml'));
  const plan = options.natsPort === undefined ? await onFreePorts(written) : written;
  const appIds = plan.apps.map(({ appID }) => appID);
  const state = options.state ?? { provider: 'sqlite', connection: join(folder, 'data') };
  const natsPort = options.pubsub ? undefined : (options.natsPort ?? (await freePorts(1))[0]);
  await refuseTaken({ ...portsOf(plan), ...(natsPort !== undefined && { natsPort }) });

  const traced = tracing({ ...process.env, ...options.env });
  const secrets = await serviceSecrets(folder, appIds);
  const { ADMIN_EMAIL: email = '', ADMIN_PASSWORD: password = '' } = secrets['sidecart-identity'] ?? {};
  const tokens = appTokens(appIds);

  const broker =
    natsPort === undefined ? undefined : await startBroker(folder, natsPort, { topics: options.topics ?? TOPICS, apps: appIds }, say);
  const pubsub = options.pubsub ?? { provider: 'jetstream', connection: broker?.url ?? '' };
  try {
    if (pubsub.provider === 'rabbitmq') await makeQueues(pubsub.connection, await readSubscriptions());
    const components = await writeComponents(folder, {
      state,
      pubsub,
      files: ['bindings/cron.yaml', 'bindings/files-local.yaml', 'bindings/sms-local.yaml'],
      secrets,
      tracing: traced,
    });
    const env = {
      ...process.env,
      NODE_ENV: 'production',
      ...options.env,
      HOST: '127.0.0.1',
      DAPR_HOST_IP: '127.0.0.1',
      SIDECART_SECRETS: secretsFile(folder),
    };
    const logs = join(folder, 'logs');
    await rm(logs, { recursive: true, force: true });
    const apps = await startApps({ daprd, plan, components, env, tokens, logs, say, signal });
    const stop = async () => {
      await apps.stop().finally(() => broker?.stop());
    };
    return { ...apps, stop, broker, tokens, logs, admin: { email, password }, ...addressesOf(plan) };
  } catch (error) {
    await broker?.stop();
    throw error;
  }
}

/** @throws when an earlier start still runs in the folder, or what one left behind that was killed: both would work on the same data */
export async function refuseSecondStart(folder: string): Promise<void> {
  const marks = [`--resources-path=${join(folder, 'components')}`, join(folder, 'nats.conf')];
  const running = (await processes()).filter(({ argv }) => marks.some((mark) => argv.includes(mark))).map(({ pid }) => pid);
  if (running.length > 0) throw new Error(`The shop already runs in ${folder}. End it where it was started, or: kill ${running.join(' ')}`);
}

function addressesOf(plan: Plan): Pick<System, 'urls' | 'sidecars'> {
  const urls = (port: 'appPort' | 'daprHTTPPort') =>
    Object.fromEntries(plan.apps.map((app) => [app.appID, `http://127.0.0.1:${app[port]}`]));
  return { urls: urls('appPort'), sidecars: urls('daprHTTPPort') };
}
