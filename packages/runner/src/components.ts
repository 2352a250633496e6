/** Folders that a sidecar is started on: the chosen files of `components/`, its configuration, and the secrets they refer to. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { root } from './root.js';

export type StateProvider = 'sqlite' | 'postgresql' | 'mysql';
export type PubsubProvider = 'jetstream' | 'redis' | 'rabbitmq';

export type Secrets = Record<string, Record<string, string>>;

export interface ComponentFolder {
  /** Holds `components/`, `config.yaml` and `secrets.json`. */
  folder: string;
  /** The folder that the sidecar reads its components from. */
  components: string;
  /** The sidecar's Configuration. */
  config: string;
}

/** Copies the given files (as `pubsub/redis.yaml`) and writes the secrets, readable by the user alone. */
export async function writeComponents(folder: string, files: string[], secrets: Secrets): Promise<ComponentFolder> {
  const components = join(folder, 'components');
  await rm(components, { recursive: true, force: true });
  await mkdir(components, { recursive: true });
  for (const file of ['secretstores/local-file.yaml', ...files])
    await copyFile(await sourceOf(file), join(components, file.replace('/', '-')));
  await writeFile(secretsFile(folder), JSON.stringify(secrets, null, 2), { mode: 0o600 });
  return { folder, components, config: await writeConfig(folder) };
}

/** Where `secretstores/local-file.yaml` looks, by the environment variable SIDECART_SECRETS. */
export function secretsFile(folder: string): string {
  return join(folder, 'secrets.json');
}

/**
 * A folder in the system's temporary one with the product's own components, for one test's sidecars.
 * Without a state connection SQLite keeps one file per app in that folder.
 * @param choice `stateConnection` and `pubsubConnection` are URLs, as in TEST_POSTGRES_URL
 */
export async function testComponents(
  choice: {
    state?: StateProvider | 'redis';
    stateConnection?: string;
    pubsub?: PubsubProvider | 'in-memory';
    pubsubConnection?: string;
    secrets?: Secrets;
  } = {},
): Promise<ComponentFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  const state = choice.state ?? 'sqlite';
  const files = [`state/${state}.yaml`, 'resiliency.yaml', ...(choice.pubsub ? [`pubsub/${choice.pubsub}.yaml`] : [])];
  const connections = {
    ...stateSettings(state, choice.stateConnection ?? folder),
    ...(choice.pubsub && choice.pubsubConnection ? pubsubSettings(choice.pubsub, choice.pubsubConnection) : {}),
  };
  return writeComponents(folder, files, { ...choice.secrets, sidecart: connections });
}

/**
 * The keys of the secret `sidecart` that the state component refers to.
 * @param connection a URL; for SQLite the folder of its files
 */
export function stateSettings(provider: StateProvider | 'redis', connection: string): Record<string, string> {
  if (provider === 'sqlite') return { stateConnection: join(connection, '{appID}.db') };
  if (provider === 'mysql') return { stateConnection: mysqlConnection(new URL(connection)) };
  if (provider === 'redis') {
    const { host, password } = new URL(connection);
    return { stateConnection: host, statePassword: decodeURIComponent(password) };
  }
  return { stateConnection: connection };
}

/** The keys of the secret `sidecart` that the pub/sub component refers to. */
export function pubsubSettings(provider: PubsubProvider | 'in-memory', connection: string): Record<string, string> {
  if (provider !== 'redis') return { pubsubConnection: connection };
  const { host, username, password } = new URL(connection);
  return { pubsubConnection: host, pubsubUsername: decodeURIComponent(username), pubsubPassword: decodeURIComponent(password) };
}

function mysqlConnection({ username, password, hostname, port }: URL): string {
  const user = [username, password].filter(Boolean).map(decodeURIComponent).join(':');
  return `${user}@tcp(${hostname}:${port || '3306'})/?allowNativePasswords=true`;
}

async function sourceOf(file: string): Promise<string> {
  const own = join(root, 'components', file);
  return readFile(own).then(
    () => own,
    () => join(root, 'packages', 'runner', 'test-components', file),
  );
}

interface Configuration {
  spec: { nameResolution: { configuration: { connectionString: string } } };
}

async function writeConfig(folder: string): Promise<string> {
  const config: Configuration = parse(await readFile(join(root, 'components', 'config.yaml'), 'utf8'));
  config.spec.nameResolution.configuration.connectionString = join(folder, 'names.db');
  const path = join(folder, 'config.yaml');
  await writeFile(path, stringify(config));
  return path;
}
