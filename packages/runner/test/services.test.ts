import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { planOf } from '../src/shop/plan.js';
import { appsOf, LIST, readServices, subscriptionsOf, topicsOf } from '../src/shop/services.js';

let project = '';
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'sidecart-'));
  await mkdir(dirname(join(project, LIST)), { recursive: true });
});
afterAll(() => rm(project, { recursive: true }));

async function read(list: object) {
  await writeFile(join(project, LIST), stringify(list));
  return readServices(project);
}

const shipping = { port: 3008, publishes: ['shipment.sent'] };

test('an entry needs a port and nothing else', async () => {
  const services = await read({ shipping: { port: 3008 } });
  expect(services['shipping']).toMatchObject({ routes: [], calls: {}, publishes: [], subscribes: [], secrets: {}, sidecar: true });
});

test('apps, topics, subscriptions and ports follow from the list', async () => {
  const services = await read({
    shipping,
    mailer: { port: 3009, publishes: ['mail.sent'], subscribes: ['shipment.sent'] },
    pages: { sidecar: false, routes: ['/pages'] },
  });
  expect(appsOf(services)).toEqual(['shipping', 'mailer']);
  expect(topicsOf(services)).toEqual(['shipment.sent', 'mail.sent', 'service.heartbeat']);
  expect(subscriptionsOf(services)).toEqual({ shipping: [], mailer: ['shipment.sent'] });
  expect(planOf(services, '/project')).toMatchObject([
    { appID: 'shipping', appPort: 3008, daprHTTPPort: 3508, daprGRPCPort: 3608, daprInternalGRPCPort: 3708 },
    { appID: 'mailer', appPort: 3009, appDirPath: join('/project', 'services', 'mailer') },
  ]);
});

test.each<[string, object, string]>([
  ['a service without a port', { shipping: {} }, 'is needed, unless `sidecar` is false'],
  ['a port for a service without a sidecar', { pages: { port: 3008, sidecar: false } }, 'is needed, unless `sidecar` is false'],
  ['a misspelt field', { shipping: { ...shipping, publish: [] } }, 'Unrecognized key: "publish"'],
  ['a name that no host can have', { Shipping: shipping }, 'Invalid key in record'],
  ['a route that ends with a slash', { shipping: { ...shipping, routes: ['/api/shipping/'] } }, 'must be like `/api/products`'],
  [
    'a call of a service that is not there',
    { shipping: { ...shipping, calls: { identity: ['keys'] } } },
    'calls or requests identity, which is not',
  ],
  [
    'a subscription to a topic that nobody publishes',
    { shipping: { ...shipping, subscribes: ['order.payed'] } },
    'subscribes to order.payed, which no',
  ],
  ['a secret of an unknown kind', { shipping: { ...shipping, secrets: { KEY: 'random' } } }, 'expected one of "given"|"signing-key"'],
  ['two services on one port', { shipping, mailer: { port: 3008 } }, 'needs port 3008, which shipping needs too'],
  ['a service on the port of a sidecar', { shipping, mailer: { port: 3608 } }, 'needs port 3608, which shipping needs too'],
])('refuses %s and says what is wrong', async (_, list, words) => {
  await expect(read(list)).rejects.toThrow(words);
  await expect(read(list)).rejects.toThrow(LIST);
});
