/** Which destinations each service may connect to. Each has a name, an address and a switch. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';
import { parse } from 'yaml';
import { APPS, SERVICES } from '../support/apps.js';
import { CHART, named, rendered, type Resource, type Values } from '../support/chart.js';
import { NEEDED } from './combinations.js';

interface Peer {
  podSelector?: { matchLabels?: Record<string, string> };
  namespaceSelector?: object;
  ipBlock?: { cidr: string; except?: string[] };
}
interface Rule {
  to?: Peer[];
  ports?: { port: number; protocol?: string }[];
}

const read = async <T>(...path: string[]): Promise<T> => parse(await readFile(join(...path), 'utf8'));
const egressOf = (all: Resource[], app: string) => (named(all, 'NetworkPolicy', app)['spec'] as { egress: Rule[] }).egress;
const withDestinations = (destinations: Values, values: Values = {}) => rendered({ ...NEEDED, ...values, networkPolicy: { destinations } });
const portsTo = (rules: Rule[], cidr: string) =>
  rules
    .filter(({ to = [] }) => to.some(({ ipBlock }) => ipBlock?.cidr === cidr))
    .flatMap(({ ports = [] }) => ports.map(({ port }) => port));

const S3 = { filesBucket: 'x', filesRegion: 'x', filesEndpoint: 'x', filesAccessKey: 'x', filesSecretKey: 'x' };
const inS3 = { components: { files: 's3' }, connections: { ...(NEEDED['connections'] as object), ...S3 } };
const inVault = { components: { secrets: 'vault' }, connections: { pubsubConnection: 'nats://nats:4222' }, settings: null };
const traced = { telemetry: { endpoint: 'http://collector:4318' } };

/**
 * Each destination with the services that reach it, its default ports, and the values that use it.
 */
const DESTINATIONS: [string, readonly string[], number[], Values][] = [
  ['dns', [...APPS, 'docs'], [53, 53], {}],
  ['dapr', APPS, [], {}],
  ['kubernetes', APPS, [443, 6443], {}],
  ['vault', APPS, [8200], inVault],
  ['state', APPS, [5432], {}],
  ['pubsub', APPS, [4222], {}],
  ['documents', ['catalog', 'identity', 'inventory'], [27017], {}],
  ['files', ['identity'], [443], inS3],
  ['mail', ['notifications'], [25, 465, 587, 1025], {}],
  ['signIn', ['identity'], [443], {}],
  ['paymentProvider', ['payments'], [443], {}],
  ['telemetry', APPS, [4318], traced],
];
const NAMES = DESTINATIONS.map(([name]) => name);
const ADDRESS = '203.0.113.7/32';
const ELSEWHERE = Object.fromEntries(NAMES.map((name) => [name, { to: [{ ipBlock: { cidr: '198.51.100.0/24' } }] }]));

test('these tests cover every destination in values.yaml', async () => {
  const { networkPolicy } = await read<{ networkPolicy: { destinations: object } }>(CHART, 'values.yaml');
  expect(Object.keys(networkPolicy.destinations).toSorted()).toEqual(NAMES.toSorted());
});

test.each(DESTINATIONS)('%s is reachable from %j only, at the configured address and ports', async (name, services, ports, values) => {
  const all = await withDestinations({ ...ELSEWHERE, [name]: { to: [{ ipBlock: { cidr: ADDRESS } }] } }, values);
  for (const app of [...APPS, 'docs']) {
    const rules = egressOf(all, app);
    expect([app, rules.some(({ to = [] }) => to.some(({ ipBlock }) => ipBlock?.cidr === ADDRESS))]).toEqual([app, services.includes(app)]);
    if (services.includes(app)) expect(portsTo(rules, ADDRESS)).toEqual(ports);
  }
  const other = await withDestinations({ ...ELSEWHERE, [name]: { to: [{ ipBlock: { cidr: ADDRESS } }], ports: [{ port: 7777 }] } }, values);
  expect(portsTo(egressOf(other, services[0] ?? ''), ADDRESS)).toEqual([7777]);
});

test.each(DESTINATIONS)('%s can be switched off', async (name, services, _, values) => {
  const all = await withDestinations({ ...ELSEWHERE, [name]: { enabled: false, to: [{ ipBlock: { cidr: ADDRESS } }] } }, values);
  expect(JSON.stringify(all)).not.toContain(ADDRESS);
  expect(services.length).toBeGreaterThan(0);
});

test('by default, services reach the servers of k8s/servers, public addresses if needed, and the Kubernetes API anywhere', async () => {
  const all = await rendered({ ...NEEDED, ...traced });
  const servers = (app: string) =>
    egressOf(all, app).flatMap(({ to = [] }) =>
      to.flatMap(({ podSelector, namespaceSelector }) => {
        const name = podSelector?.matchLabels?.['app.kubernetes.io/name'];
        return name && !namespaceSelector ? [name] : [];
      }),
    );
  expect(servers('identity').toSorted()).toEqual(['collector', 'mongodb', 'nats', 'postgresql']);
  expect(servers('notifications').toSorted()).toEqual(['collector', 'mail', 'nats', 'postgresql']);
  expect(servers('orders').toSorted()).toEqual(['collector', 'nats', 'postgresql']);
  for (const app of APPS) {
    const anywhere = egressOf(all, app).filter(({ to = [] }) => to.length === 0);
    expect(anywhere.map(({ ports = [] }) => ports.map(({ port }) => port))).toEqual([[443, 6443]]);
    for (const { to = [] } of egressOf(all, app))
      for (const { ipBlock } of to)
        if (ipBlock?.cidr === '0.0.0.0/0') expect(ipBlock.except).toEqual(expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16']));
  }
});

const connections = { stateConnection: 'postgres://shop:postgresql@db.example:5432/shop', pubsubConnection: 'nats://nats.example:4222' };
const documents = { DOCUMENTS_URL: 'mongodb+srv://mongo.example/mongodb' };

test.each<[string, Values, string]>([
  [
    'connections lead elsewhere',
    { connections, settings: { identity: documents, catalog: documents, inventory: documents } },
    'documents, pubsub, state',
  ],
  ['one of three does', { settings: { ...(NEEDED['settings'] as object), catalog: documents } }, 'documents'],
  [
    'a server of that name is in another namespace',
    { connections: { ...connections, stateConnection: 'host=postgresql.data user=shop', pubsubConnection: 'nats://nats:4222' } },
    'state',
  ],
  ['mails leave by a server elsewhere', { services: { notifications: { env: { SMTP_URL: 'smtp://mail.example:587' } } } }, 'mail'],
  ['the chart does not see them', { existingSecrets: true, connections: null, settings: null }, 'documents, mail, pubsub, state'],
  ['traces go elsewhere', { telemetry: { endpoint: 'https://collector.example:443' } }, 'telemetry'],
])('says which destinations to name if %s', async (_, values, names) => {
  await expect(rendered({ ...NEEDED, ...values })).rejects.toThrow(new RegExp(`networkPolicy\\.destinations: set "to" of ${names}\\. `));
  const given = Object.fromEntries(names.split(', ').map((name) => [name, { to: [] }]));
  const all = await withDestinations(given, values);
  expect(egressOf(all, 'orders').length).toBeGreaterThan(3);
});

test('services.yaml names the destinations and bindings that each service uses in its code', async () => {
  const SIGNS = {
    documents: 'DOCUMENTS_URL',
    mail: 'SMTP_URL',
    files: 'chassis/files',
    signIn: 'OIDC_PROVIDERS',
    paymentProvider: 'PAYMENT_WEBHOOK_SECRET',
    sms: "bind('sms'",
  };
  for (const app of APPS) {
    const folder = join(root, 'services', app, 'src');
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
    const code = (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join('\n');
    const used = Object.entries(SIGNS)
      .filter(([, sign]) => code.includes(sign))
      .map(([name]) => name);
    const { reaches = [], bindings = [] } = SERVICES[app] ?? {};
    expect([app, [...reaches, ...bindings].toSorted()]).toEqual([app, used.toSorted()]);
  }
});

test.each(['documents', 'mail'])('the server of %s in k8s/servers accepts only the services that reach it', async (name) => {
  const all = await rendered(NEEDED);
  const labelsOf = (app: string) =>
    (named(all, 'Deployment', app)['spec'] as { template: { metadata: { labels: Record<string, string> } } }).template.metadata.labels;
  const folder = { documents: 'mongodb', mail: 'mail' }[name] ?? '';
  const { spec } = await read<{ spec: { ingress: { from: Peer[] }[] } }>(root, 'k8s', 'servers', folder, 'network-policy.yaml');
  const wanted = Object.entries(spec.ingress[0]?.from[0]?.podSelector?.matchLabels ?? {});
  const admitted = APPS.filter((app) => wanted.every(([label, value]) => labelsOf(app)[label] === value));
  expect(admitted).toEqual(APPS.filter((app) => SERVICES[app]?.reaches.some((each) => each === name)));
  expect(admitted.length).toBeGreaterThan(0);
});

test('the values of k8s/servers have an index address for each service that needs one', async () => {
  const script = await readFile(join(root, 'k8s', 'servers', 'values'), 'utf8');
  const given = Array.from(script.matchAll(/^ {2}([\w-]+): \{ DOCUMENTS_URL: /gm), ([, app = '']) => app);
  expect(given.toSorted()).toEqual(APPS.filter((app) => SERVICES[app]?.secrets['DOCUMENTS_URL']).toSorted());
});

test('the production values name every destination that they use', async () => {
  const values = await read<Values>(root, 'k8s', 'production', 'values.yaml');
  const all = await rendered(values);
  for (const app of [...APPS, 'docs']) expect([app, egressOf(all, app).filter(({ to = [] }) => to.length === 0)]).toEqual([app, []]);
});
