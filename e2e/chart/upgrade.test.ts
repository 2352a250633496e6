/** What an upgrade keeps and restarts, with Helm reading Secrets from a cluster. */
import { beforeAll, expect, test } from '@jest/globals';
import { APPS } from '../support/apps.js';
import { named, rendered, type Resource, type Values } from '../support/chart.js';
import { elsewhere, NEEDED } from './combinations.js';
import { secretsOf, withCluster, type Secret } from './fake-cluster.js';

const { connections, settings } = NEEDED as Record<'connections' | 'settings', Record<string, unknown>>;
const TOKENS = APPS.flatMap((app) => [`sidecart-${app}-app-token`, `sidecart-${app}-api-token`]);

let installed: Record<string, Secret>;
beforeAll(async () => {
  installed = secretsOf(await rendered(NEEDED));
});

const upgraded = (values: Values, secrets = installed) => withCluster(secrets, (flags) => rendered({ ...NEEDED, ...values }, flags));
const dataOf = (secrets: Record<string, Secret>) =>
  Object.fromEntries(Object.entries(secrets).map(([name, { stringData }]) => [name, stringData]));

test('an upgrade keeps every key, password and token', async () => {
  expect(dataOf(secretsOf(await upgraded({})))).toEqual(dataOf(installed));
});

test('an upgrade from one shared pair of tokens gives each service its own pair, and keeps the rest', async () => {
  const old = ['sidecart-app-token', 'sidecart-api-token'].map((name): [string, Secret] => [
    name,
    { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { token: 'the shared one' } },
  ]);
  const before = Object.fromEntries([...Object.entries(installed).filter(([name]) => !TOKENS.includes(name)), ...old]);
  const after = dataOf(secretsOf(await upgraded({}, before)));
  expect(new Set(TOKENS.map((name) => after[name]?.['token'])).size).toBe(TOKENS.length);
  expect(JSON.stringify(after)).not.toContain('the shared one');
  expect(after['sidecart-identity']).toEqual(installed['sidecart-identity']?.stringData);
});

/**
 * Returns the services whose pod template an upgrade changes. `lost` is the name of a missing
 * Secret.
 */
async function restarted(values: Values, lost?: string): Promise<string[]> {
  // Pretends that every Secret last changed in a revision other than the rendered one.
  const earlier = Object.entries(installed).map(([name, secret]): [string, Secret] => {
    const annotations = { ...secret.metadata.annotations, 'sidecart/rollout': '7' };
    return [name, { ...secret, metadata: { ...secret.metadata, annotations } }];
  });
  const before = await upgraded({}, Object.fromEntries(earlier));
  const after = await upgraded(values, Object.fromEntries(earlier.filter(([name]) => name !== lost)));
  const podOf = (all: Resource[], app: string) => JSON.stringify((named(all, 'Deployment', app)['spec'] as { template: object }).template);
  return APPS.filter((app) => podOf(before, app) !== podOf(after, app));
}

test.each<[string, Values, readonly string[]]>([
  ['nothing', {}, []],
  ['a connection', { connections: { ...connections, stateConnection: 'host=postgresql password=other' } }, APPS],
  ['a setting of catalog', { settings: { ...settings, catalog: { DOCUMENTS_URL: 'mongodb://mongodb/other' } } }, ['catalog']],
  ['a setting that orders did not have', { settings: { ...settings, orders: { ANY: 'x' } } }, ['orders']],
  ['the broker', { components: { pubsub: 'rabbitmq' }, networkPolicy: elsewhere }, APPS],
])('an upgrade that changes %s restarts the services that read it, and no others', async (_, values, services) => {
  expect((await restarted(values)).toSorted()).toEqual([...services].toSorted());
});

test('an upgrade that replaces a lost token restarts the service that had it', async () => {
  expect(await restarted({}, 'sidecart-carts-app-token')).toEqual(['carts']);
});

test('pods contain no value of a Secret and nothing derived from one', async () => {
  const other = {
    connections: { ...connections, stateConnection: 'host=postgresql password=other', pubsubConnection: 'nats://other@nats:4222' },
    settings: {
      identity: { DOCUMENTS_URL: 'mongodb://mongodb/a', ADMIN_PASSWORD: 'another' },
      catalog: { DOCUMENTS_URL: 'mongodb://mongodb/b' },
      inventory: { DOCUMENTS_URL: 'mongodb://mongodb/c' },
    },
  };
  const podsOf = (all: Resource[]) => all.filter(({ kind }) => kind === 'Deployment' || kind === 'Pod');
  expect(podsOf(await rendered({ ...NEEDED, ...other }))).toEqual(podsOf(await rendered(NEEDED)));
});
