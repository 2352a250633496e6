/**
 * Writes what a sidecar needs to start: the chosen files of `components/`, its configuration and
 * the secrets that they refer to.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { root } from '../tools/root.js';
import type { Tracing } from './tracing.js';

export type StateProvider = 'sqlite' | 'postgresql' | 'mysql';
export type PubsubProvider = 'jetstream' | 'redis' | 'rabbitmq';

/** `connection` is a URL; for SQLite the folder of its files. */
export interface StateChoice {
  provider: StateProvider | 'redis';
  connection: string;
}
export interface PubsubChoice {
  provider: PubsubProvider | 'in-memory';
  connection: string;
}

const COMPONENTS = join(root, 'components');

export type Secrets = Record<string, Record<string, string>>;

export interface ComponentFolder {
  /** Holds the other two, and `secrets.json`. */
  folder: string;
  /** The folder that the sidecar reads its components from. */
  components: string;
  /** The sidecar's Configuration. */
  config: string;
}

interface Content {
  state: StateChoice;
  pubsub?: PubsubChoice;
  /** Further files, such as `bindings/cron.yaml`. */
  files?: string[];
  secrets?: Secrets;
  tracing?: Tracing | undefined;
}

/** Fills a folder. Only the user can read the secrets. */
export async function writeComponents(
  folder: string,
  { state, pubsub, files = [], secrets = {}, tracing }: Content,
): Promise<ComponentFolder> {
  const components = join(folder, 'components');
  await rm(components, { recursive: true, force: true });
  await mkdir(components, { recursive: true });
  const chosen = ['secretstores/local-file.yaml', 'resiliency.yaml', `state/${state.provider}.yaml`, ...files];
  if (pubsub) chosen.push(`pubsub/${pubsub.provider}.yaml`);
  for (const file of chosen) await copyLanes(file, components);
  const sidecart = {
    filesFolder: join(folder, 'files', '{appID}'),
    smsFolder: join(folder, 'sms'),
    ...stateSettings(state),
    ...(pubsub && pubsubSettings(pubsub)),
  };
  await writeFile(secretsFile(folder), JSON.stringify({ ...secrets, sidecart }, null, 2), { mode: 0o600 });
  return { folder, components, config: await writeConfig(folder, tracing) };
}

/** Returns the path that `secretstores/local-file.yaml` gets as SIDECART_SECRETS. */
export function secretsFile(folder: string): string {
  return join(folder, 'secrets.json');
}

/**
 * Makes a temporary folder with the shop's own components, for the sidecars of a test. Without a
 * state connection, SQLite keeps one file per app in that folder.
 */
export async function testComponents(
  choice: {
    state?: StateChoice['provider'];
    stateConnection?: string;
    pubsub?: PubsubChoice['provider'];
    pubsubConnection?: string;
    files?: string[];
    secrets?: Secrets;
  } = {},
): Promise<ComponentFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  const state = { provider: choice.state ?? 'sqlite', connection: choice.stateConnection ?? folder };
  const pubsub = choice.pubsub && { provider: choice.pubsub, connection: choice.pubsubConnection ?? '' };
  return writeComponents(folder, { state, ...(pubsub && { pubsub }), files: choice.files ?? [], secrets: choice.secrets ?? {} });
}

/** Returns the keys of the secret `sidecart` that the state component refers to. */
function stateSettings({ provider, connection }: StateChoice): Record<string, string> {
  if (provider === 'sqlite') return { stateConnection: join(connection, '{appID}.db') };
  if (provider === 'postgresql') return { stateConnection: connection };
  const { username, password, host, hostname, port, pathname } = new URL(connection);
  if (provider === 'redis') return { stateConnection: host, statePassword: decodeURIComponent(password) };
  const user = [username, password].filter(Boolean).map(decodeURIComponent).join(':');
  const stateSchema = pathname.slice(1) || 'sidecart';
  return { stateConnection: `${user}@tcp(${hostname}:${port || '3306'})/?allowNativePasswords=true`, stateSchema };
}

/** Returns the keys of the secret `sidecart` that the pub/sub component refers to. */
function pubsubSettings({ provider, connection }: PubsubChoice): Record<string, string> {
  if (provider !== 'redis') return { pubsubConnection: connection };
  const { host, username, password, pathname } = new URL(connection);
  return {
    pubsubConnection: host,
    pubsubDatabase: pathname.slice(1) || '0',
    pubsubUsername: decodeURIComponent(username),
    pubsubPassword: decodeURIComponent(password),
  };
}

interface Resource {
  metadata: { name: string; annotations?: { 'sidecart/lanes'?: string } };
}

/** Copies a file once per lane in its annotation, as `pubsub`, `pubsub-2` and so on. */
async function copyLanes(file: string, components: string): Promise<void> {
  const text = await readFile(join(COMPONENTS, file), 'utf8').catch(() =>
    readFile(join(root, 'packages', 'runner', 'test-components', file), 'utf8'),
  );
  const { metadata, ...rest }: Resource = parse(text);
  const lanes = Number(metadata.annotations?.['sidecart/lanes'] ?? 1);
  for (let lane = 1; lane <= lanes; lane++) {
    const name = lane === 1 ? metadata.name : `${metadata.name}-${lane}`;
    await writeFile(join(components, `${name}.yaml`), stringify({ ...rest, metadata: { name } }));
  }
}

interface Configuration {
  spec: { nameResolution: { configuration: { connectionString: string } }; tracing?: Tracing };
}

async function writeConfig(folder: string, tracing: Tracing | undefined): Promise<string> {
  const config: Configuration = parse(await readFile(join(COMPONENTS, 'config.yaml'), 'utf8'));
  config.spec.nameResolution.configuration.connectionString = join(folder, 'names.db');
  if (tracing) config.spec.tracing = tracing;
  const path = join(folder, 'config.yaml');
  await writeFile(path, stringify(config));
  return path;
}
