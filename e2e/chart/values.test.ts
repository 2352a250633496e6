import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { currentReadme, README } from './readme.js';
import { template, type Values } from '../support/chart.js';
import { NEEDED } from './combinations.js';

const { connections, settings } = NEEDED as Record<'connections' | 'settings', Record<string, object>>;

const REFUSED: [string, Values, string][] = [
  [
    'a state store that the chart does not have',
    { components: { state: 'sqlite' } },
    "'/components/state': value must be one of 'postgresql', 'mysql'",
  ],
  ['a broker that the chart does not have', { components: { pubsub: 'pulsar' } }, "'/components/pubsub': value must be one of 'jetstream'"],
  ['MySQL without a schema', { components: { state: 'mysql' } }, 'connections.stateSchema is missing'],
  ['pictures in S3 without a key', { components: { files: 's3' } }, 'connections.filesAccessKey is missing'],
  ['no connections', { connections: {} }, 'connections.pubsubConnection is missing'],
  [
    'Vault without the connection of the broker, on which streams are created',
    { components: { secrets: 'vault' }, connections: {} },
    'connections.pubsubConnection is missing',
  ],
  ['an empty connection', { connections: { ...connections, stateConnection: '' } }, "'/connections/stateConnection': minLength"],
  ['a connection that is a number', { connections: { ...connections, stateConnection: 5 } }, 'got number, want string'],
  ['a name that no Secret can have', { connections: { ...connections, 'a/b': 'x' } }, "invalid propertyName 'a/b'"],
  ['no index for the catalogue', { settings: { ...settings, catalog: {} } }, 'settings.catalog.DOCUMENTS_URL is missing'],
  [
    'an empty setting',
    { settings: { ...settings, identity: { ...settings['identity'], ADMIN_EMAIL: '' } } },
    'settings.identity.ADMIN_EMAIL is missing',
  ],
  ['settings of an unknown service', { settings: { ...settings, shipping: {} } }, 'settings.shipping: there is no such service'],
  ['an unknown service', { services: { shipping: {} } }, 'services.shipping: there is no such service. services.yaml has carts, catalog'],
  ['a removed service', { services: { orders: null } }, "'/services/orders': got null, want object"],
  ['a misspelt field', { services: { orders: { replica: 2 } } }, "additional properties 'replica' not allowed"],
  ['a misspelt value', { networkPolicies: {} }, "additional properties 'networkPolicies' not allowed"],
  ['a negative number of replicas', { services: { orders: { replicas: -1 } } }, 'minimum: got -1, want 0'],
  ['half a replica', { serviceDefaults: { replicas: 1.5 } }, 'got number, want integer'],
  ['a limit that is not a quantity', { serviceDefaults: { resources: { limits: { memory: 'lots' } } } }, "'lots' does not match pattern"],
  ['an unknown log level', { serviceDefaults: { sidecar: { logLevel: 'verbose' } } }, "value must be one of 'debug', 'info', 'warn'"],
  ['yes instead of true', { serviceDefaults: { autoscaling: { enabled: 'yes' } } }, 'got string, want boolean'],
  [
    'a minimum of replicas above the maximum',
    { services: { orders: { autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 2 } } } },
    'orders: autoscaling.minReplicas is 5, more than autoscaling.maxReplicas, 2',
  ],
  ['a negative rate limit', { rateLimits: { perAddress: -1 } }, 'minimum: got -1, want 0'],
  ['trust in every proxy', { trustedProxies: true }, "'/trustedProxies': got boolean, want"],
  ['a proxy that is a URL', { trustedProxies: 'http://ingress' }, "'/trustedProxies': 'http://ingress' does not match pattern"],
  ['a variable that no environment can have', { env: { 'A B': 'x' } }, "invalid propertyName 'A B'"],
  ['a variable that is an object', { env: { A: { b: 1 } } }, "'/env/A': got object"],
  ['a tag that is a number', { image: { tag: 5 } }, "'/image/tag': got number, want string"],
  [
    'a registry that is a URL',
    { image: { registry: 'https://registry.example' } },
    "'/image/registry': 'https://registry.example' does not match",
  ],
  ['a host that is a URL', { ingress: { host: 'https://shop.example' } }, "'/ingress/host': 'https://shop.example' does not match"],
  ['a route without a Gateway', { gateway: { enabled: true } }, 'gateway.parentRefs is empty: name the Gateway'],
  ['a Gateway without a name', { gateway: { enabled: true, parentRefs: [{ namespace: 'x' }] } }, "missing property 'name'"],
  ['an endpoint without a scheme', { telemetry: { endpoint: 'collector:4318' } }, "'/telemetry/endpoint': 'collector:4318' does not match"],
  ['an endpoint without a port', { telemetry: { endpoint: 'https://collector.example.com' } }, "'/telemetry/endpoint'"],
  ['an endpoint with a path', { telemetry: { endpoint: 'https://collector.example.com:4318/v1' } }, "'/telemetry/endpoint'"],
  ['a sampling rate above 1', { telemetry: { sampling: 2 } }, 'maximum: got 2, want 1'],
  ['an invalid size', { files: { size: 'big' } }, "'/files/size': 'big' does not match"],
  ['an invalid access mode', { files: { accessMode: 'RWO' } }, "value must be one of 'ReadWriteOnce'"],
  [
    'several pods on a volume that one node mounts',
    { serviceDefaults: { replicas: 3 } },
    'identity: up to 3 pods would share the volume claim "files", which is ReadWriteOnce. Set components.files to s3, files.accessMode to ReadWriteMany, or services.identity.replicas to 1',
  ],
  [
    'an autoscaler on a volume that one pod mounts',
    {
      services: { identity: { autoscaling: { enabled: true, minReplicas: 1, maxReplicas: 4 } } },
      files: { accessMode: 'ReadWriteOncePod' },
    },
    'identity: up to 4 pods would share the volume claim "files", which is ReadWriteOncePod',
  ],
  ['a word as the number of unavailable pods', { podDisruptionBudget: { maxUnavailable: 'half' } }, "'half' does not match pattern"],
];

test.each(REFUSED)('refuses %s, and says what is wrong', async (_, values, words) => {
  const { ok, err } = await template({ ...NEEDED, ...values });
  expect(ok).toBe(false);
  expect(err).toContain(words);
});

test('the README lists every value of values.yaml; if not, run `npm run chart-readme`', async () => {
  expect(await readFile(README, 'utf8')).toBe(await currentReadme());
});
