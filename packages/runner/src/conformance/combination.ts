/** What suites run on: SQLite and our own NATS always, the others where a TEST_ setting names a server. */
import type { PubsubChoice, PubsubProvider, StateChoice, StateProvider } from '../shop/components.js';
import { ownDatabase } from '../shop/databases.js';
import { ownBroker } from './own-brokers.js';

/** The setting that names the server of a provider; none where the shop brings it itself. */
export const SETTINGS: Record<StateProvider | PubsubProvider, string | undefined> = {
  sqlite: undefined,
  postgresql: 'TEST_POSTGRES_URL',
  mysql: 'TEST_MARIADB_URL',
  jetstream: undefined,
  redis: 'TEST_REDIS_URL',
  rabbitmq: 'TEST_RABBITMQ_URL',
};
export const STATES: readonly StateProvider[] = ['sqlite', 'postgresql', 'mysql'];
export const PUBSUBS: readonly PubsubProvider[] = ['jetstream', 'redis', 'rabbitmq'];

/** The server of a provider, if it needs and has one. */
export function serverOf(name: StateProvider | PubsubProvider): string | undefined {
  return process.env[SETTINGS[name] ?? ''] || undefined;
}

export function isThere(name: StateProvider | PubsubProvider): boolean {
  return SETTINGS[name] === undefined || serverOf(name) !== undefined;
}

/** What contract suites run on: all that are there, or the one that `npm run conformance` has chosen. */
export const contractStates = () => STATES.filter(isThere).filter((name) => name === (process.env['CONFORMANCE_STATE'] ?? name));
export const contractPubsubs = () => PUBSUBS.filter(isThere).filter((name) => name === (process.env['CONFORMANCE_PUBSUB'] ?? name));

export interface Combination {
  state?: StateChoice;
  pubsub?: PubsubChoice;
  /** Drops what was made for this run. */
  drop(): Promise<void>;
}

/** What suites of the whole shop run on: SQLite and our own NATS, unless `npm run conformance` has chosen others. */
export async function ownCombination(): Promise<Combination> {
  const { CONFORMANCE_STATE, CONFORMANCE_PUBSUB } = process.env;
  const state = STATES.find((name) => name === CONFORMANCE_STATE && serverOf(name));
  const pubsub = PUBSUBS.find((name) => name === CONFORMANCE_PUBSUB && serverOf(name));
  const database = state && (await ownDatabase(serverOf(state) ?? ''));
  const broker = pubsub && (await ownBroker(serverOf(pubsub) ?? ''));
  return {
    ...(database && { state: { provider: state, connection: database.url } }),
    ...(broker && { pubsub: { provider: pubsub, connection: broker.url } }),
    async drop() {
      await database?.drop();
      await broker?.drop();
    },
  };
}
