import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';
import { APPS } from '../support/apps.js';
import { named, packaged, rendered, template, type Resource, type Values } from '../support/chart.js';
import { elsewhere, NEEDED } from './combinations.js';
import { secretsOf } from './fake-cluster.js';

interface Probe {
  httpGet: { path: string; port: string };
}
interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef?: { name: string } };
}
interface Container {
  name: string;
  image: string;
  ports: { name: string; containerPort: number }[];
  env: EnvVar[];
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
}
interface Deployment {
  replicas?: number;
  strategy: object;
  selector: { matchLabels: Record<string, string> };
  template: {
    metadata: { labels: Record<string, string>; annotations: Record<string, string> };
    spec: { serviceAccountName: string; containers: Container[]; initContainers?: Container[]; imagePullSecrets?: object[] };
  };
}

const TOKENS = APPS.flatMap((app) => [`sidecart-${app}-app-token`, `sidecart-${app}-api-token`]);
const render = (values: Values = {}) => rendered({ ...NEEDED, ...values });
const deployment = (all: Resource[], app: string) => named(all, 'Deployment', app)['spec'] as Deployment;
const annotationsOf = (all: Resource[], app: string) => deployment(all, app).template.metadata.annotations;

function appOf(all: Resource[], app: string): Container {
  const [container] = deployment(all, app).template.spec.containers.filter(({ name }) => name === app);
  if (!container) throw new Error(`the pod of ${app} has no container ${app}`);
  return container;
}

const envOf = (all: Resource[], app: string) =>
  Object.fromEntries(appOf(all, app).env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]));

const S3 = {
  components: { files: 's3' },
  connections: {
    ...(NEEDED['connections'] as object),
    filesBucket: 'x',
    filesRegion: 'x',
    filesEndpoint: 'x',
    filesAccessKey: 'x',
    filesSecretKey: 'x',
  },
};

let defaults: Resource[] = [];
beforeAll(async () => {
  defaults = await render();
});

test.each(APPS)('%s has the objects of a service, and they select its pods', (app) => {
  const chosen = { 'app.kubernetes.io/name': app, 'app.kubernetes.io/instance': 'sidecart' };
  const { selector, template } = deployment(defaults, app);
  expect(selector.matchLabels).toEqual(chosen);
  expect(template.metadata.labels).toMatchObject({ ...chosen, 'app.kubernetes.io/part-of': 'sidecart' });
  expect(template.spec.serviceAccountName).toBe(named(defaults, 'ServiceAccount', app).metadata.name);
  expect(named(defaults, 'Service', app)['spec']).toMatchObject({
    selector: chosen,
    ports: [{ name: 'http', port: 80, targetPort: 'http' }],
  });
  expect(named(defaults, 'PodDisruptionBudget', app)['spec']).toMatchObject({ selector: { matchLabels: chosen } });
  expect(named(defaults, 'NetworkPolicy', app)['spec']).toMatchObject({
    podSelector: { matchLabels: chosen },
    policyTypes: ['Ingress', 'Egress'],
  });
});

test.each(APPS)('%s runs its image beside a native sidecar, with probes of its health paths', (app) => {
  const { image, ports, startupProbe, livenessProbe, readinessProbe } = appOf(defaults, app);
  expect(image).toMatch(new RegExp(`^sidecart/${app}:\\d+\\.\\d+\\.\\d+$`));
  expect(ports).toEqual([{ name: 'http', containerPort: 3000 }]);
  expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet)).toEqual([
    { path: '/health/live', port: 'http' },
    { path: '/health/live', port: 'http' },
    { path: '/health/ready', port: 'http' },
  ]);
  expect(envOf(defaults, app)).toMatchObject({ APP_PORT: '3000' });
  expect(annotationsOf(defaults, app)).toMatchObject({
    'dapr.io/enabled': 'true',
    'dapr.io/enable-native-sidecar': 'true',
    'dapr.io/app-id': app,
    'dapr.io/app-port': '3000',
    'dapr.io/config': named(defaults, 'Configuration', app).metadata.name,
    'dapr.io/app-token-secret': `sidecart-${app}-app-token`,
    'dapr.io/api-token-secret': `sidecart-${app}-api-token`,
  });
});

test.each(APPS)('the sidecar of %s may read its Secret and that of the components, and the app only its tokens', (app) => {
  expect(named(defaults, 'Role', app)['rules']).toEqual([
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['sidecart', `sidecart-${app}`], verbs: ['get'] },
  ]);
  expect(named(defaults, 'RoleBinding', app)).toMatchObject({
    roleRef: { kind: 'Role', name: app },
    subjects: [{ kind: 'ServiceAccount', name: app, namespace: 'shop' }],
  });
  const { secrets } = named(defaults, 'Configuration', app)['spec'] as { secrets: object };
  expect(secrets).toEqual({ scopes: [{ storeName: 'secrets', defaultAccess: 'deny', allowedSecrets: [`sidecart-${app}`] }] });
  const given = appOf(defaults, app).env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []);
  expect(given.toSorted()).toEqual([`sidecart-${app}-api-token`, `sidecart-${app}-app-token`]);
});

test.each(APPS)('%s gets the rate limits and the trusted proxies', async (app) => {
  const names = ['RATE_LIMIT_PER_ADDRESS', 'RATE_LIMIT_PER_ACCOUNT', 'TRUSTED_PROXIES'];
  const limitsOf = (all: Resource[]) => names.map((name) => envOf(all, app)[name]);
  expect(limitsOf(defaults)).toEqual(['600', '600', 'loopback linklocal uniquelocal']);
  const given = { rateLimits: { perAddress: 1_000_000, perAccount: 0 }, trustedProxies: 2 };
  expect(limitsOf(await rendered({ ...NEEDED, ...given }))).toEqual(['1000000', '0', '2']);
});

test('each component is scoped to the services that use it, and every secret it refers to exists', async () => {
  interface Component {
    metadata: { name: string };
    spec: { metadata: { secretKeyRef?: { name: string; key: string } }[] };
    scopes: string[];
  }
  const components = defaults.filter(({ kind }) => kind === 'Component') as unknown as Component[];
  const names = components.map(({ metadata }) => metadata.name).filter((name) => !/^pubsub-\d$/.test(name));
  expect(names.toSorted()).toEqual(['cron', 'files', 'pubsub', 'secrets', 'sms', 'state']);
  for (const { metadata, scopes } of components) {
    const users = { sms: ['notifications'], files: ['identity'] }[metadata.name];
    expect([metadata.name, scopes.toSorted()]).toEqual([metadata.name, users ?? APPS.toSorted()]);
  }
  const { stringData } = named(defaults, 'Secret', 'sidecart') as unknown as { stringData: Record<string, string> };
  const wanted = components.flatMap(({ spec }) => spec.metadata.flatMap(({ secretKeyRef }) => secretKeyRef ?? []));
  expect(wanted.length).toBeGreaterThan(2);
  expect(wanted.filter(({ name, key }) => name !== 'sidecart' || !(key in stringData))).toEqual([]);
});

test('secrets are generated once, differ between services and renderings, and can be kept', async () => {
  const [one, other] = [secretsOf(defaults), secretsOf(await render())];
  const made = [
    ...TOKENS.map((name) => [name, 'token'] as const),
    ['sidecart-identity', 'SIGNING_KEYS'],
    ['sidecart-identity', 'TWO_FACTOR_KEYS'],
    ['sidecart-identity', 'ADMIN_PASSWORD'],
    ['sidecart-payments', 'PAYMENT_WEBHOOK_SECRET'],
  ] as const;
  for (const [secret, key] of made) {
    expect(one[secret]?.stringData[key]?.length).toBeGreaterThan(19);
    expect(one[secret]?.stringData[key]).not.toBe(other[secret]?.stringData[key]);
  }
  expect(new Set(TOKENS.map((name) => one[name]?.stringData['token'])).size).toBe(2 * APPS.length);
  for (const { metadata } of defaults.filter(({ kind }) => kind === 'Secret' || kind === 'PersistentVolumeClaim')) {
    expect(metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
  }
});

test('values override generated secrets', async () => {
  const settings = {
    identity: { DOCUMENTS_URL: 'mongodb://mongodb/x', ADMIN_PASSWORD: 'a long one', ADMIN_EMAIL: 'me@shop.example' },
    catalog: { DOCUMENTS_URL: 'mongodb://mongodb/y' },
    inventory: { DOCUMENTS_URL: 'mongodb://mongodb/z' },
  };
  const { stringData } = named(await render({ settings }), 'Secret', 'sidecart-identity') as unknown as { stringData: object };
  expect(stringData).toMatchObject({ ...settings.identity, SIGNING_KEYS: expect.any(String) });
});

test('creates no Secrets if they exist', async () => {
  const all = await render({ existingSecrets: true, connections: null, settings: null, networkPolicy: elsewhere });
  expect(all.filter(({ kind }) => kind === 'Secret')).toEqual([]);
});

test('with Vault, sidecars get its address and token, and the cluster stores no settings', async () => {
  const connections = { pubsubConnection: 'nats://token@nats:4222' };
  const all = await render({ components: { secrets: 'vault' }, connections, settings: null, networkPolicy: elsewhere });
  const { annotations } = deployment(all, 'orders').template.metadata;
  expect(annotations['dapr.io/env-from-secret']).toBe('VAULT_ADDR=sidecart-vault:address,VAULT_TOKEN=sidecart-vault:token');
  expect(annotations['dapr.io/volume-mounts']).toBeUndefined();
  const secrets = all.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name);
  expect(secrets.toSorted()).toEqual(['sidecart', ...TOKENS].toSorted());
  expect(all.filter(({ kind }) => kind === 'Role')).toEqual([]);
});

test.each([
  ['jetstream', 'NATS_URL'],
  ['rabbitmq', 'RABBITMQ_URL'],
])('on %s an init container makes what the broker must have', async (pubsub, address) => {
  const { initContainers = [] } = deployment(await render({ components: { pubsub }, networkPolicy: elsewhere }), 'orders').template.spec;
  expect(initContainers).toMatchObject([{ name: 'streams' }]);
  expect(initContainers[0]?.env?.[0]).toEqual({
    name: address,
    valueFrom: { secretKeyRef: { name: 'sidecart', key: 'pubsubConnection' } },
  });
});

test('on RabbitMQ, the init container knows the subscriptions of each service', async () => {
  const { initContainers = [] } = deployment(await render({ components: { pubsub: 'rabbitmq' }, networkPolicy: elsewhere }), 'catalog')
    .template.spec;
  const subscriptions = String(initContainers[0]?.env?.find(({ name }) => name === 'SUBSCRIPTIONS')?.value);
  expect(subscriptions.split(';')).toContain('payments=order.cancelled,user.suspended,user.reinstated,user.deleted');
  expect(subscriptions.split(';')).toHaveLength(APPS.length);
});

test('Redis needs no init container', async () => {
  expect(
    deployment(await render({ components: { pubsub: 'redis' }, networkPolicy: elsewhere }), 'orders').template.spec.initContainers,
  ).toBeUndefined();
});

test('values of a service override the defaults', async () => {
  const all = await render({
    env: { LOG_LEVEL: 'debug', CURRENCY: 'CHF' },
    serviceDefaults: { replicas: 2, env: { LOG_LEVEL: 'warn', A: '1' }, sidecar: { logLevel: 'error' } },
    files: { accessMode: 'ReadWriteMany' },
    services: {
      orders: { replicas: 5, env: { A: '2' }, sidecar: { memoryLimit: '1Gi' }, podAnnotations: { team: 'sales' } },
    },
  });
  expect([deployment(all, 'orders').replicas, deployment(all, 'carts').replicas]).toEqual([5, 2]);
  expect(envOf(all, 'orders')).toMatchObject({ LOG_LEVEL: 'warn', CURRENCY: 'CHF', A: '2' });
  expect(envOf(all, 'carts')).toMatchObject({ LOG_LEVEL: 'warn', CURRENCY: 'CHF', A: '1' });
  expect(annotationsOf(all, 'orders')).toMatchObject({
    team: 'sales',
    'dapr.io/log-level': 'error',
    'dapr.io/sidecar-memory-limit': '1Gi',
  });
  expect(annotationsOf(all, 'carts')).toMatchObject({ 'dapr.io/log-level': 'error', 'dapr.io/sidecar-memory-limit': '256Mi' });
});

test('images use the configured registry and tag', async () => {
  const all = await render({ image: { registry: 'registry.example:5000/shop', tag: '2.0.1', pullSecrets: ['mine'] } });
  expect(appOf(all, 'orders').image).toBe('registry.example:5000/shop/orders:2.0.1');
  expect(deployment(all, 'orders').template.spec.imagePullSecrets).toEqual([{ name: 'mine' }]);
  const pods = all.filter(({ kind }) => kind === 'Pod' || kind === 'Deployment');
  expect(JSON.stringify(pods).match(/"image":"(?!registry\.example:5000\/shop\/[a-z]+:2\.0\.1")[^"]*"/g)).toBeNull();
});

test('autoscaling replaces the number of replicas', async () => {
  const all = await render({ services: { orders: { autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 9, cpu: 60 } } } });
  expect(deployment(all, 'orders')).not.toHaveProperty('replicas');
  expect(deployment(all, 'carts').replicas).toBe(1);
  expect(all.filter(({ kind }) => kind === 'HorizontalPodAutoscaler')).toHaveLength(1);
  expect(named(all, 'HorizontalPodAutoscaler', 'orders')['spec']).toMatchObject({
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'orders' },
    minReplicas: 3,
    maxReplicas: 9,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }],
  });
});

test('a pod releases its volume before the next one starts if they cannot share it', async () => {
  const rolling = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  const strategyOf = async (values: Values) => deployment(await render(values), 'identity').strategy;
  expect(await strategyOf({})).toEqual({ type: 'Recreate' });
  expect(await strategyOf({ files: { accessMode: 'ReadWriteOncePod' } })).toEqual({ type: 'Recreate' });
  expect(await strategyOf({ files: { accessMode: 'ReadWriteMany' }, serviceDefaults: { replicas: 3 } })).toEqual(rolling);
  expect(await strategyOf({ ...S3, services: { identity: { replicas: 3 } } })).toEqual(rolling);
  expect(deployment(defaults, 'orders').strategy).toEqual(rolling);
});

test('the Ingress has the configured host, class and certificate, and can be switched off', async () => {
  const tls = { secretName: 'shop-tls' };
  const all = await render({ ingress: { enabled: true, host: 'shop.example', className: 'nginx', tls } });
  expect(named(all, 'Ingress', 'sidecart')['spec']).toMatchObject({
    ingressClassName: 'nginx',
    tls: [{ secretName: 'shop-tls', hosts: ['shop.example'] }],
    rules: [{ host: 'shop.example' }],
  });
  expect(envOf(all, 'identity')).toMatchObject({ PUBLIC_URL: 'https://shop.example' });
  expect(defaults.filter(({ kind }) => kind === 'HTTPRoute')).toEqual([]);
  const none = await render({ ingress: { enabled: false } });
  expect(none.filter(({ kind }) => kind === 'Ingress')).toEqual([]);
});

test('the HTTPRoute belongs to the configured Gateways', async () => {
  const parentRefs = [{ name: 'public', namespace: 'gateways', sectionName: 'https' }];
  const all = await render({ gateway: { enabled: true, parentRefs, hostnames: ['shop.example'] }, ingress: { enabled: false } });
  expect(named(all, 'HTTPRoute', 'sidecart')['spec']).toMatchObject({ parentRefs, hostnames: ['shop.example'] });
  expect(envOf(all, 'identity')).toMatchObject({ PUBLIC_URL: 'https://shop.example' });
});

test('apps and sidecars send traces to the same endpoint, and to none by default', async () => {
  const all = await render({ telemetry: { endpoint: 'http://collector:4318', sampling: 0.5 } });
  for (const app of APPS) {
    expect(envOf(all, app)).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SERVICE_NAME: app });
    expect(named(all, 'Configuration', app)['spec']).toMatchObject({
      tracing: { samplingRate: '0.5', otel: { endpointAddress: 'collector:4318', isSecure: false, protocol: 'http' } },
    });
    expect(envOf(defaults, app)).not.toHaveProperty('OTEL_EXPORTER_OTLP_ENDPOINT');
    expect(named(defaults, 'Configuration', app)['spec']).not.toHaveProperty('tracing');
  }
});

test('network policies can be switched off', async () => {
  const all = await render({ networkPolicy: { enabled: false } });
  expect(all.filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
});

test('a pod does not start without the settings its service needs', async () => {
  const needed = JSON.stringify(deployment(defaults, 'identity'));
  const config = await readFile(join(root, 'services', 'identity', 'src', 'config.ts'), 'utf8');
  for (const key of ['SIGNING_KEYS', 'TWO_FACTOR_KEYS', 'ADMIN_PASSWORD', 'DOCUMENTS_URL']) {
    expect(config).toContain(key);
    expect(needed).toContain(`settings/${key}`);
  }
  expect(needed).toContain('connections/stateConnection');
});

test('the packaged chart renders the same objects', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  const values = { ...NEEDED, existingSecrets: true, networkPolicy: elsewhere };
  const published = await template(values, await packaged(folder));
  await rm(folder, { recursive: true });
  expect(published.ok ? '' : published.err).toBe('');
  expect(published.out).toBe((await template(values)).out);
});
