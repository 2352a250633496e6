/**
 * The state stores and brokers that suites run on. SQLite and the shop's own NATS are always
 * available, the others if a TEST_ setting names a server.
 */
import type { PubsubChoice, PubsubProvider, StateChoice, StateProvider } from '../shop/components.js';
import { ownDatabase } from '../shop/databases.js';
import { ownBroker } from './own-brokers.js';

/** The settings that name servers. The shop runs the others itself. */
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

/** Returns the server of a provider, if a setting names one. */
export function serverOf(name: StateProvider | PubsubProvider): string | undefined {
  return process.env[SETTINGS[name] ?? ''] || undefined;
}

export function isAvailable(name: StateProvider | PubsubProvider): boolean {
  return SETTINGS[name] === undefined || serverOf(name) !== undefined;
}

/**
 * Returns what contract suites run on: all that are available, or what `npm run conformance` chose.
 */
export const contractStates = () => STATES.filter(isAvailable).filter((name) => name === (process.env['CONFORMANCE_STATE'] ?? name));
export const contractPubsubs = () => PUBSUBS.filter(isAvailable).filter((name) => name === (process.env['CONFORMANCE_PUBSUB'] ?? name));

export interface Combination {
  state?: StateChoice;
  pubsub?: PubsubChoice;
  /** Removes what was created for this run. */
  drop(): Promise<void>;
}

/**
 * Returns what suites of the whole shop run on: the defaults, or what `npm run conformance` chose.
 */
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
