/** Plain HTTP is redirected to HTTPS, and an install without TLS warns. */
import { expect, test } from '@jest/globals';
import { named, notes, rendered, type Resource, type Values } from '../support/chart.js';
import { NEEDED } from './combinations.js';

const tls = { secretName: 'shop-tls' };
const render = (values: Values, flags: string[] = []) => rendered({ ...NEEDED, ...values }, flags);
const withIngress = (ingress: Values, flags: string[] = []) => render({ ingress: { host: 'shop.example', tls, ...ingress } }, flags);
const annotationsOf = (all: Resource[]) => named(all, 'Ingress', 'sidecart').metadata.annotations ?? {};
const kindsOf = (all: Resource[]) => all.map(({ kind }) => kind);

const MIDDLEWARES = 'traefik.ingress.kubernetes.io/router.middlewares';
const NGINX = 'nginx.ingress.kubernetes.io/ssl-redirect';

test('an Ingress with a certificate redirects plain HTTP on ingress-nginx', async () => {
  const all = await withIngress({ className: 'nginx' });
  expect(annotationsOf(all)).toMatchObject({ [NGINX]: 'true' });
  expect(kindsOf(all)).not.toContain('Middleware');
});

test.each<[string, Values, string[]]>([
  ['its class is named', { className: 'traefik' }, []],
  ['it is the default of the cluster', {}, ['--api-versions', 'traefik.io/v1alpha1/Middleware']],
])('and on Traefik, if %s', async (_, ingress, flags) => {
  const all = await withIngress(ingress, flags);
  expect(annotationsOf(all)).toMatchObject({ [MIDDLEWARES]: 'shop-sidecart-https@kubernetescrd' });
  expect(named(all, 'Middleware', 'sidecart-https')['spec']).toEqual({ redirectScheme: { scheme: 'https', permanent: true } });
});

test('an Ingress keeps annotations from the values', async () => {
  const annotations = { [MIDDLEWARES]: 'shop-mine@kubernetescrd', [NGINX]: 'false', a: 'b' };
  expect(annotationsOf(await withIngress({ className: 'traefik', annotations }))).toMatchObject(annotations);
});

test.each<[string, Values]>([
  ['has no certificate', { tls: { secretName: '' } }],
  ['switches the redirect off', { tls: { ...tls, redirect: false } }],
])('an Ingress redirects nothing if it %s', async (_, ingress) => {
  const all = await withIngress({ className: 'traefik', ...ingress });
  expect(kindsOf(all)).not.toContain('Middleware');
  expect(Object.keys(annotationsOf(all))).not.toEqual(expect.arrayContaining([MIDDLEWARES]));
  expect(Object.keys(annotationsOf(all))).not.toEqual(expect.arrayContaining([NGINX]));
});

const parentRefs = [{ name: 'public', namespace: 'gateways', sectionName: 'https' }];

test('behind a Gateway, a second HTTPRoute redirects requests on its plain listeners', async () => {
  const redirectFrom = [{ name: 'public', namespace: 'gateways', sectionName: 'http' }];
  const all = await render({
    ingress: { enabled: false },
    gateway: { enabled: true, parentRefs, redirectFrom, hostnames: ['shop.example'] },
  });
  expect(named(all, 'HTTPRoute', 'sidecart-https')['spec']).toEqual({
    parentRefs: redirectFrom,
    hostnames: ['shop.example'],
    rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }] }],
  });
  expect(named(all, 'HTTPRoute', 'sidecart')['spec']).toMatchObject({ parentRefs });
});

test('refuses to redirect from a listener that serves the shop', async () => {
  const everywhere = [{ name: 'public', namespace: 'gateways' }];
  const values = { ingress: { enabled: false }, gateway: { enabled: true, parentRefs: everywhere, redirectFrom: everywhere } };
  await expect(render(values)).rejects.toThrow('gateway.parentRefs needs the sectionName of the TLS listener');
});

const gateway = { enabled: true, parentRefs };
const WARNING = 'WARNING: the shop is served over plain HTTP';

test.each<[string, Values]>([
  ['an Ingress without a certificate', { ingress: { host: 'shop.example' } }],
  ['a Gateway whose listener is not named', { ingress: { enabled: false }, gateway: { enabled: true, parentRefs: [{ name: 'public' }] } }],
])('the notes warn of %s', async (_, values) => {
  expect(await notes({ ...NEEDED, ...values })).toContain(WARNING);
});

test.each<[string, Values]>([
  ['with a certificate', { ingress: { host: 'shop.example', tls } }],
  ['behind something that ends TLS', { ingress: { host: 'shop.example' }, publicUrl: 'https://shop.example' }],
  ['behind the TLS listener of a Gateway', { ingress: { enabled: false }, gateway }],
  ['that nothing outside reaches', { ingress: { enabled: false } }],
])('the notes do not warn of a shop %s', async (_, values) => {
  const text = await notes({ ...NEEDED, ...values });
  expect(text).toContain('is installed as sidecart');
  expect(text).not.toContain(WARNING);
});
