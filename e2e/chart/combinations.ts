/** Values that the chart is rendered with, as operators would set them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@sidecart/runner/root';
import { parse } from 'yaml';
import type { Values } from '../support/chart.js';

const DOCUMENTS = { DOCUMENTS_URL: 'mongodb://mongodb:27017/shop' };
/** The values without a default: some settings, and the connections of the selected components. */
export const NEEDED: Values = {
  connections: { stateConnection: 'host=postgresql user=shop password=secret database=shop', pubsubConnection: 'nats://token@nats:4222' },
  settings: { identity: DOCUMENTS, catalog: DOCUMENTS, inventory: DOCUMENTS },
};

const STATE: Record<string, Values> = {
  postgresql: { stateConnection: 'host=postgresql user=shop password=secret database=shop' },
  mysql: { stateConnection: 'shop:secret@tcp(mysql:3306)/?allowNativePasswords=true', stateSchema: 'shop' },
};
const PUBSUB: Record<string, Values> = {
  jetstream: { pubsubConnection: 'nats://token@nats:4222' },
  redis: { pubsubConnection: 'redis:6379', pubsubDatabase: '0', pubsubUsername: 'shop', pubsubPassword: 'secret' },
  rabbitmq: { pubsubConnection: 'amqp://shop:secret@rabbitmq:5672' },
  kafka: { pubsubConnection: 'kafka:9092', pubsubAuthType: 'password', pubsubUsername: 'shop', pubsubPassword: 'secret' },
};
const FILES: Record<string, Values> = {
  local: {},
  s3: {
    filesBucket: 'pictures',
    filesRegion: 'eu-central-1',
    filesEndpoint: 'https://s3.example.com',
    filesAccessKey: 'key',
    filesSecretKey: 'secret',
  },
};

/** Every state store with every broker and every store of pictures. */
const components = Object.entries(STATE).flatMap(([state, stateSettings]) =>
  Object.entries(PUBSUB).flatMap(([pubsub, pubsubSettings]) =>
    Object.entries(FILES).map(([files, filesSettings]): [string, Values] => [
      `${state}, ${pubsub}, files ${files}`,
      { components: { state, pubsub, files }, connections: { ...stateSettings, ...pubsubSettings, ...filesSettings } },
    ]),
  ),
);

const listener = (sectionName: string) => [{ name: 'public', namespace: 'gateways', sectionName }];
const gateway = { enabled: true, parentRefs: listener('https'), redirectFrom: listener('http'), hostnames: ['shop.example.com'] };
const ingress = { enabled: true, host: 'shop.example.com', className: 'nginx', tls: { secretName: 'shop-tls' } };

const DESTINATIONS = [
  'dns',
  'dapr',
  'kubernetes',
  'vault',
  'state',
  'pubsub',
  'documents',
  'files',
  'mail',
  'signIn',
  'paymentProvider',
  'telemetry',
];
const everyDestination = (values: Values): Values => Object.fromEntries(DESTINATIONS.map((name) => [name, values]));
/** Network policies for servers other than those in `k8s/servers`. */
export const elsewhere = { destinations: everyDestination({ to: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }) };

const ways: [string, Values][] = [
  ['no ingress', { ingress: { enabled: false } }],
  ['ingress with host and certificate', { ingress }],
  ['ingress of Traefik that redirects', { ingress: { ...ingress, className: 'traefik' } }],
  ['ingress that does not redirect', { ingress: { ...ingress, tls: { ...ingress.tls, redirect: false } } }],
  ['gateway instead of ingress', { ingress: { enabled: false }, gateway }],
  ['gateway and ingress', { ingress, gateway }],
  ['no documentation', { docs: { enabled: false } }],
  ['no network policies', { networkPolicy: { enabled: false } }],
  ['network policies with more ways out', { networkPolicy: { egress: [{ ports: [{ port: 8125, protocol: 'UDP' }] }] } }],
  ['every destination closed', { networkPolicy: { destinations: everyDestination({ enabled: false }) } }],
  [
    'autoscaling',
    {
      serviceDefaults: { autoscaling: { enabled: true, minReplicas: 2, maxReplicas: 10, cpu: 70 } },
      files: { accessMode: 'ReadWriteMany' },
    },
  ],
  ['autoscaling of orders alone', { services: { orders: { autoscaling: { enabled: true } } } }],
  ['existing Secrets', { existingSecrets: true, connections: null, settings: null, networkPolicy: elsewhere }],
  [
    'secrets in Vault',
    {
      components: { secrets: 'vault' },
      connections: { pubsubConnection: 'nats://token@nats:4222' },
      settings: null,
      networkPolicy: elsewhere,
    },
  ],
  ['telemetry', { telemetry: { endpoint: 'http://collector.monitoring:4318', sampling: 0.1 }, networkPolicy: elsewhere }],
  ['observability', { observability: { enabled: true } }],
  ['telemetry over TLS', { telemetry: { endpoint: 'https://collector.example.com:443' }, networkPolicy: elsewhere }],
  [
    'high availability',
    {
      serviceDefaults: {
        replicas: 3,
        affinity: { podAntiAffinity: {} },
        tolerations: [{ operator: 'Exists' }],
        nodeSelector: { pool: 'shop' },
      },
      podDisruptionBudget: { maxUnavailable: '34%' },
      files: { accessMode: 'ReadWriteMany', storageClass: 'nfs', size: '20Gi' },
    },
  ],
  [
    'own registry and environment',
    {
      image: { registry: 'registry.example.com:5000/shop', tag: '1.2.3', pullPolicy: 'Always', pullSecrets: ['registry'] },
      env: { CURRENCY: 'CHF', LOG_LEVEL: 'debug' },
      services: { inventory: { env: { LOW_STOCK: 5 }, podAnnotations: { team: 'stock' }, sidecar: { cpuLimit: '1', logLevel: 'info' } } },
    },
  ],
];

const given = ['k8s/trial/values.yaml', 'k8s/production/values.yaml'].map((file): [string, Values] => [
  file,
  parse(readFileSync(join(root, file), 'utf8')),
]);

const all: [string, Values][] = [['defaults', {}], ...given, ...components, ...ways];

/** Values by name. Each includes the values without a default. */
export const COMBINATIONS = all.map(([name, values]): [string, Values] => [name, { ...NEEDED, ...values }]);
