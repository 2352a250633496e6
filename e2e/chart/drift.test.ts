/** Compares the list of services with the code, and with what follows from the list. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';
import { ServiceHeartbeat } from '@sidecart/contracts/heartbeat';
import { COMMON, planOf } from '@sidecart/runner/plan';
import { root } from '@sidecart/runner/root';
import { routerOf } from '@sidecart/runner/routes';
import { parse } from 'yaml';
import type { z } from 'zod';
import { APPS, SERVICES } from '../support/apps.js';
import { CHART, named, rendered, type Resource } from '../support/chart.js';
import { elsewhere, NEEDED } from './combinations.js';
import { generated } from './generated.js';
import { type Traffic, sorted, trafficOf } from './traffic.js';

const read = async <T>(...path: string[]): Promise<T> => parse(await readFile(join(...path), 'utf8'));

let objects: Resource[] = [];
const traffic = new Map<string, Traffic>();
beforeAll(async () => {
  const gateway = { enabled: true, parentRefs: [{ name: 'public' }] };
  objects = await rendered({ ...NEEDED, gateway });
  for (const app of APPS) traffic.set(app, await trafficOf(app));
});

test('services.yaml has an entry for each folder in services/, and no other', async () => {
  expect(Object.keys(SERVICES).toSorted()).toEqual((await readdir(join(root, 'services'))).toSorted());
});

test.each(APPS)('the entry of %s lists what it calls, publishes and subscribes to in its code', (app) => {
  const { calls = {}, publishes = [], subscribes = [] } = SERVICES[app] ?? {};
  expect({ calls: sorted(calls), publishes: publishes.toSorted(), subscribes: subscribes.toSorted() }).toEqual(traffic.get(app));
});

test.each(APPS)('the entry of %s lists the settings that it needs to start', async (app) => {
  const config = join(root, 'services', app, 'dist', 'src', 'config.js');
  const { Settings }: { Settings: z.ZodType } = await import(pathToFileURL(config).href);
  const missing = Settings.safeParse({}).error?.issues.map(({ path }) => path.join('.')) ?? [];
  expect(Object.keys(SERVICES[app]?.secrets ?? {}).toSorted()).toEqual(missing.toSorted());
});

test('files generated from services.yaml are up to date; if not, run `npm run generate`', async () => {
  for (const [path, text] of Object.entries(await generated(SERVICES))) {
    expect([path, await readFile(join(root, path), 'utf8')]).toEqual([path, text]);
  }
});

test.each(APPS)('%s accepts the calls that others make in their code, and no others', (app) => {
  interface Policy {
    appId: string;
    defaultAction: string;
    namespace: string;
    trustDomain: string;
    operations: { name: string; httpVerb: string[]; action: string }[];
  }
  const { accessControl } = named(objects, 'Configuration', app)['spec'] as {
    accessControl: { defaultAction: string; policies: Policy[] };
  };
  expect(accessControl.defaultAction).toBe('deny');
  const callers = [...traffic].filter(([, { calls }]) => calls[app]);
  expect(accessControl.policies.map(({ appId }) => appId).toSorted()).toEqual(callers.map(([caller]) => caller).toSorted());
  for (const [caller, { calls }] of callers) {
    const policy = accessControl.policies.find(({ appId }) => appId === caller);
    expect(policy).toMatchObject({ defaultAction: 'deny', namespace: 'shop', trustDomain: 'public' });
    const operations = (calls[app] ?? []).map((name) => ({ name: `/internal/${name}`, httpVerb: ['POST'], action: 'allow' }));
    expect(policy?.operations).toHaveLength(operations.length);
    expect(policy?.operations).toEqual(expect.arrayContaining(operations));
  }
});

test.each(APPS)('only the callers of %s can reach its sidecar', (app) => {
  const { ingress, egress } = named(objects, 'NetworkPolicy', app)['spec'] as Record<'ingress' | 'egress', Rule[]>;
  const callers = [...traffic].filter(([, { calls }]) => calls[app]).map(([caller]) => caller);
  expect(peersAt(50002, ingress, 'from')).toEqual(callers.toSorted());
  expect(peersAt(50002, egress, 'to')).toEqual(Object.keys(traffic.get(app)?.calls ?? {}).toSorted());
});

interface Peer {
  podSelector?: { matchExpressions?: { values: string[] }[] };
}
interface Rule {
  ports?: { port: number }[];
  from?: Peer[];
  to?: Peer[];
}

function peersAt(port: number, rules: Rule[], side: 'from' | 'to'): string[] {
  const open = rules.filter(({ ports = [] }) => ports.some((each) => each.port === port));
  return open.flatMap((rule) => (rule[side] ?? []).flatMap((peer) => peer.podSelector?.matchExpressions?.[0]?.values ?? [])).toSorted();
}

test.each(['jetstream', 'redis', 'rabbitmq', 'kafka'])(
  'on %s an app may publish and subscribe to the topics in its code, on every lane',
  async (pubsub) => {
    const connections = { stateConnection: 'x', pubsubConnection: 'x' };
    const all = await rendered({ ...NEEDED, components: { pubsub }, connections, networkPolicy: elsewhere });
    const file = await read<Component>(root, 'components', 'pubsub', `${pubsub}.yaml`);
    const lanes = all.filter(({ kind, metadata }) => kind === 'Component' && metadata.name.startsWith('pubsub')) as unknown as Component[];
    const wanted = Number(file.metadata.annotations?.['sidecart/lanes'] ?? 1);
    expect(lanes.map(({ metadata }) => metadata.name)).toEqual(
      Array.from({ length: wanted }, (_, lane) => (lane === 0 ? 'pubsub' : `pubsub-${lane + 1}`)),
    );
    for (const { spec } of lanes) {
      expect(spec.type).toBe(file.spec.type);
      expect(spec.metadata).toEqual(expect.arrayContaining(file.spec.metadata));
      const scopes = (name: string) => topicsByApp(spec.metadata.find((each) => each.name === name)?.value ?? '');
      for (const app of APPS) {
        const { publishes = [], subscribes = [] } = traffic.get(app) ?? {};
        expect(scopes('publishingScopes').get(app)).toEqual([...publishes, `dead-${app}`, ServiceHeartbeat.type].toSorted());
        expect(scopes('subscriptionScopes').get(app)).toEqual(subscribes);
      }
    }
  },
);

interface Component {
  metadata: { name: string; annotations?: Record<string, string> };
  spec: { type: string; metadata: { name: string; value?: string }[] };
}

/** Parses `orders=order.placed,order.paid;carts=`. */
function topicsByApp(scopes: string): Map<string, string[]> {
  return new Map(
    scopes.split(';').map((scope) => {
      const [app = '', topics = ''] = scope.split('=');
      return [app, topics.split(',').filter(Boolean).toSorted()];
    }),
  );
}

test('the edge, the Ingress and the HTTPRoute route the same paths to the same services', async () => {
  const routes = Object.entries(SERVICES).flatMap(([service, entry]) => entry.routes.map((path) => ({ path, service })));
  const wanted = routes.map(({ path, service }) => `${path} -> ${service}`);
  expect(routes.map(({ service }) => service)).toEqual(expect.arrayContaining([...APPS]));
  for (const { service } of routes) expect(named(objects, 'Service', service)).toBeDefined();

  const serviceOf = routerOf(SERVICES);
  expect(routes.map(({ path }) => `${path} -> ${serviceOf(path)}`)).toEqual(wanted);

  const ingress = named(objects, 'Ingress', 'sidecart')['spec'] as {
    rules: { http: { paths: { path: string; pathType: string; backend: { service: { name: string; port: object } } }[] } }[];
  };
  const paths = ingress.rules.flatMap(({ http }) => http.paths);
  expect(paths.map(({ path, backend }) => `${path} -> ${backend.service.name}`).toSorted()).toEqual(wanted.toSorted());
  expect(paths.filter(({ pathType, backend }) => pathType !== 'Prefix' || !('name' in backend.service.port))).toEqual([]);

  const route = named(objects, 'HTTPRoute', 'sidecart')['spec'] as {
    rules: { matches: { path: { type: string; value: string } }[]; backendRefs: { name: string; port: number }[] }[];
  };
  const matches = route.rules.flatMap((rule) => rule.matches.map(({ path }) => ({ ...path, to: rule.backendRefs })));
  expect(matches.map(({ value, to }) => `${value} -> ${to.map(({ name }) => name).join()}`).toSorted()).toEqual(wanted.toSorted());
  expect(matches.filter(({ type, to }) => type !== 'PathPrefix' || to[0]?.port !== 80)).toEqual([]);
});

test('the local run and the chart run the same apps with the same sidecar settings', async () => {
  const apps = planOf(SERVICES, root);
  const deployments = objects.filter(({ kind }) => kind === 'Deployment') as unknown as { metadata: { name: string }; spec: Templated }[];
  const beside = deployments.filter(({ spec }) => spec.template.metadata.annotations?.['dapr.io/enabled'] === 'true');
  expect(beside.map(({ metadata }) => metadata.name).toSorted()).toEqual(apps.map(({ appID }) => appID).toSorted());
  for (const { metadata, spec } of beside) {
    expect(spec.template.metadata.annotations).toMatchObject({
      'dapr.io/app-id': metadata.name,
      'dapr.io/enable-app-health-check': String(COMMON.enableAppHealthCheck),
      'dapr.io/app-health-check-path': COMMON.appHealthCheckPath,
      'dapr.io/app-health-probe-interval': String(COMMON.appHealthProbeInterval),
      'dapr.io/app-health-probe-timeout': String(COMMON.appHealthProbeTimeout),
      'dapr.io/app-health-threshold': String(COMMON.appHealthThreshold),
      'dapr.io/max-body-size': COMMON.maxBodySize,
      'dapr.io/log-level': COMMON.logLevel,
    });
  }
  const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8');
  const [, cmd = '[]'] = /^CMD (.+)$/m.exec(dockerfile) ?? [];
  for (const { appID, command } of apps)
    expect([appID, ...command.filter((part) => part !== `--title=${appID}`)]).toEqual([appID, ...parse(cmd)]);
});

interface Templated {
  template: { metadata: { annotations?: Record<string, string> } };
}

test('the resiliency of the chart is the one in components/', async () => {
  const { spec } = await read<{ spec: object }>(root, 'components', 'resiliency.yaml');
  expect(named(objects, 'Resiliency', 'resiliency')['spec']).toEqual(spec);
});

test('the chart has the version of the project', async () => {
  const { version, appVersion } = await read<{ version: string; appVersion: string }>(CHART, 'Chart.yaml');
  const project: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect({ version, appVersion }).toEqual({ version: project.version, appVersion: project.version });
});
