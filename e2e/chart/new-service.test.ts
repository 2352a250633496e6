/**
 * Adds an imaginary service by its folder and one entry in services.yaml. The chart, the generated
 * files and the local run follow.
 */
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';
import { LIST, readServices } from '@sidecart/runner/services';
import { startShop, type Shop } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';
import { parse, stringify } from 'yaml';
import { SERVICES } from '../support/apps.js';
import { invalid, named, resources, template, type Resource, type Values } from '../support/chart.js';
import { NEEDED } from './combinations.js';
import { generated } from './generated.js';
import { violations } from './policy.js';

const ENTRY = {
  port: 3050,
  routes: ['/api/shipping'],
  calls: { identity: ['keys'], inventory: ['stock'] },
  publishes: ['shipment.sent'],
  subscribes: ['shipment.sent'],
  secrets: { LABEL_KEY: 'token' },
  reaches: ['mail'],
  env: { LABEL_URL: '{publicUrl}/labels' },
};
const trivialApp = join(root, 'packages', 'runner', 'dist', 'test', 'trivial-app.js');

/** A copy of the repository with the new entry and folder. */
let project: string;
let chart: string;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'sidecart-'));
  chart = join(project, 'charts', 'sidecart');
  await cp(join(root, 'charts', 'sidecart'), chart, { recursive: true, dereference: true });
  await cp(join(root, 'tsconfig.json'), join(project, 'tsconfig.json'));
  await symlink(join(root, 'node_modules'), join(project, 'node_modules'));
  const main = join(project, 'services', 'shipping', 'dist', 'src');
  await mkdir(main, { recursive: true });
  await writeFile(join(main, 'main.js'), `process.env.TOPIC = 'shipment.sent';\nawait import(${JSON.stringify(trivialApp)});\n`);
  for (const name of Object.keys(SERVICES)) await symlink(join(root, 'services', name), join(project, 'services', name));
  await appendFile(join(project, LIST), stringify({ shipping: ENTRY }));
});
afterAll(() => rm(project, { recursive: true }));

describe('the chart', () => {
  let all: Resource[];
  async function render(values: Values = {}): Promise<Resource[]> {
    const { ok, out, err } = await template({ ...NEEDED, gateway: { enabled: true, parentRefs: [{ name: 'public' }] }, ...values }, chart);
    if (!ok) throw new Error(err);
    return resources(out);
  }
  beforeAll(async () => {
    all = await render();
  });
  const spec = (kind: string, name: string, objects = all) => named(objects, kind, name)['spec'];

  test('has valid objects for it that follow the policy', async () => {
    const own = all.filter(({ metadata }) => metadata.name.startsWith('shipping') || metadata.name.startsWith('sidecart-shipping'));
    const kinds = ['Configuration', 'Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Role', 'RoleBinding'];
    const secrets = ['Secret', 'Secret', 'Secret', 'Service', 'ServiceAccount'];
    expect(own.map(({ kind }) => kind).toSorted()).toEqual([...kinds, ...secrets]);
    expect(await invalid(own.map((object) => stringify(object)).join('---\n'))).toEqual([]);
    expect(own.flatMap(violations)).toEqual([]);
  });

  test('runs it beside its sidecar, with its settings', () => {
    const deployment = JSON.stringify(named(all, 'Deployment', 'shipping'));
    expect(deployment).toContain('"dapr.io/app-id":"shipping"');
    expect(deployment).toContain('"image":"sidecart/shipping:');
    expect(deployment).toContain('"name":"LABEL_URL","value":"http://localhost:8080/labels"');
    expect(deployment).toContain('"key":"LABEL_KEY","path":"settings/LABEL_KEY"');
    expect(named(all, 'Secret', 'sidecart-shipping')).toMatchObject({ stringData: { LABEL_KEY: expect.stringMatching(/^\w{48}$/) } });
  });

  test('lets it make the calls in its entry, and no others', () => {
    const operations = [{ name: '/internal/stock', httpVerb: ['POST'], action: 'allow' }];
    expect(spec('Configuration', 'inventory')).toMatchObject({
      accessControl: { policies: expect.arrayContaining([expect.objectContaining({ appId: 'shipping', operations })]) },
    });
    expect(JSON.stringify(spec('Configuration', 'orders'))).not.toContain('shipping');
    expect(spec('Configuration', 'shipping')).toMatchObject({ accessControl: { policies: [] } });
  });

  test('allows it its topics, and creates a stream for them', () => {
    const scope = (name: string, topics: string) => ({ name, value: expect.stringMatching(`(^|;)shipping=${topics}(;|$)`) });
    const scopes = [
      scope('publishingScopes', 'shipment.sent,dead-shipping,service.heartbeat'),
      scope('subscriptionScopes', 'shipment.sent'),
    ];
    expect(spec('Component', 'pubsub')).toMatchObject({ metadata: expect.arrayContaining(scopes) });
    expect(named(all, 'Component', 'pubsub-8')['scopes']).toContain('shipping');
    const env = [scope('SUBSCRIPTIONS', 'shipment.sent'), { name: 'TOPICS', value: expect.stringMatching('(^|,)shipment.sent(,|$)') }];
    const initContainers = [expect.objectContaining({ env: expect.arrayContaining(env) })];
    expect(spec('Deployment', 'orders')).toMatchObject({ template: { spec: { initContainers } } });
  });

  test('lets it reach the destinations in its entry and the services it calls', () => {
    const policy = (app: string) => JSON.stringify(spec('NetworkPolicy', app));
    expect(policy('shipping')).toContain('"values":["identity","inventory"]');
    expect(policy('shipping')).toContain('"app.kubernetes.io/name":"mail"');
    expect(policy('shipping')).not.toContain('mongodb');
    expect(policy('inventory')).toContain('"shipping"');
    expect(policy('orders')).not.toContain('"shipping"');
  });

  test('routes its public paths to it', () => {
    const backend = { service: { name: 'shipping', port: { name: 'http' } } };
    expect(spec('Ingress', 'sidecart')).toMatchObject({
      rules: [{ http: { paths: expect.arrayContaining([{ path: '/api/shipping', pathType: 'Prefix', backend }]) } }],
    });
    const rule = { matches: [{ path: { type: 'PathPrefix', value: '/api/shipping' } }], backendRefs: [{ name: 'shipping', port: 80 }] };
    expect(spec('HTTPRoute', 'sidecart')).toMatchObject({ rules: expect.arrayContaining([rule]) });
  });

  test('accepts values for it, with the defaults of all services', async () => {
    const tuned = await render({
      serviceDefaults: { replicas: 2 },
      files: { accessMode: 'ReadWriteMany' },
      services: { shipping: { replicas: 5 } },
    });
    expect(spec('Deployment', 'shipping', tuned)).toMatchObject({ replicas: 5 });
    expect(spec('Deployment', 'shipping')).toMatchObject({ replicas: 1 });
  });

  test('asks for the settings that have no default', async () => {
    const list = await readFile(join(project, LIST), 'utf8');
    try {
      await writeFile(join(project, LIST), list.replace('LABEL_KEY: token', 'LABEL_KEY: given'));
      await expect(render()).rejects.toThrow('settings.shipping.LABEL_KEY is missing: shipping does not start without it');
      await writeFile(join(project, LIST), `${list}  bindings: [ files ]\n`);
      await expect(render()).rejects.toThrow('identity and shipping would share the volume claim "files", which is ReadWriteOnce');
    } finally {
      await writeFile(join(project, LIST), list);
    }
  });
});

test('the generated files include it', async () => {
  const files = await generated(await readServices(project), project);
  const { apps }: { apps: { appID: string }[] } = parse(files['dapr.yaml'] ?? '');
  expect(apps).toHaveLength(Object.values(SERVICES).filter(({ sidecar }) => sidecar).length + 1);
  expect(apps.at(-1)).toEqual({
    appID: 'shipping',
    appDirPath: 'services/shipping',
    appPort: 3050,
    daprHTTPPort: 3550,
    daprGRPCPort: 3650,
    daprInternalGRPCPort: 3750,
    command: expect.arrayContaining(['node', '--title=shipping', '@sidecart/chassis/telemetry', 'dist/src/main.js']),
  });
  expect(files['tsconfig.json']).toContain('{ "path": "services/shipping" }');
  expect(files['charts/sidecart/alerts/sidecart.yaml']).toContain('or absent(sidecart_outbox_slots{job="shipping"})');
});

describe('the local run', () => {
  let folder: string;
  let shop: Shop;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
    shop = await startShop({ folder, project });
  }, 150_000);
  afterAll(async () => {
    await shop?.stop();
    await rm(folder, { recursive: true });
  }, 60_000);

  async function sidecar(app: string, path: string, init: RequestInit = {}): Promise<Response> {
    const token = shop.system.tokens[app]?.DAPR_API_TOKEN ?? '';
    const headers = { 'dapr-api-token': token, 'content-type': 'application/json' };
    return fetch(`${shop.system.sidecars[app]}/v1.0/${path}`, { ...init, headers });
  }

  test('routes its public paths to it', async () => {
    const answer = await fetch(`${shop.edge}/api/shipping`);
    expect(await answer.json()).toEqual({ service: 'shipping' });
  });

  test('lets other services call it through their sidecars', async () => {
    expect((await sidecar('orders', 'invoke/shipping/method/count')).status).toBe(200);
  });

  test('delivers its events', async () => {
    expect((await sidecar('shipping', 'publish/pubsub/shipment.sent', { method: 'POST', body: '{}' })).status).toBe(204);
    const count = async () => Number(await (await sidecar('orders', 'invoke/shipping/method/count')).text());
    await until('the event arrives', 10, async () => (await count()) > 0);
  });

  test('sets its secret', async () => {
    expect(await (await sidecar('shipping', 'secrets/secrets/sidecart-shipping')).json()).toEqual({
      LABEL_KEY: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });
});
