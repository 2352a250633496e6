import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { routerOf } from '@sidecart/runner/routes';
import { HIGH_LIMITS, startShop, type Shop } from '@sidecart/runner/shop';
import { capabilitiesOf, PIXEL, readGuide, routesOf, routesWithoutCurl, scriptOf } from './guide.js';
import { signIn } from '../support/api.js';
import { readExamples } from './examples.js';
import { describedRoutes, openApiOf, type DescribedRoute } from '../support/openapi.js';

/** The number of the last capability. The first is 1. */
const CAPABILITIES = 71;

let folder: string;
let shop: Shop;
let guide: string;
let documents: Record<string, unknown>;
let described: DescribedRoute[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-guide-'));
  shop = await startShop({ folder, env: HIGH_LIMITS });
  guide = await readGuide();
  const services = Object.keys(shop.system.urls);
  documents = Object.fromEntries(await Promise.all(services.map(async (service) => [service, await openApiOf(shop.edge, service)])));
  described = Object.entries(documents).flatMap(([service, document]) => describedRoutes(service, document));
}, 180_000);

afterAll(async () => {
  await shop?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test('the guide names every route, and no other', () => {
  expect(described.length).toBeGreaterThan(50);
  expect(routesOf(guide).toSorted()).toEqual(described.map(({ route }) => route).toSorted());
});

test('the guide shows how to call every route', () => {
  expect(
    routesWithoutCurl(
      guide,
      described.map(({ route }) => route),
    ),
  ).toEqual([]);
});

test('every route has a summary, a tag, a success response and its capabilities', () => {
  const lacking = described.filter(({ summary, tags, responses, rows }) => {
    const succeeds = Object.keys(responses).some((status) => /^[23]/.test(status));
    return !summary || !tags?.length || !succeeds || rows.length === 0;
  });
  expect(lacking.map(({ route }) => route)).toEqual([]);
});

test('every route can be reached from outside', async () => {
  const serviceOf = routerOf(shop.system.services);
  const elsewhere = described.filter(({ path, service }) => serviceOf(path.replaceAll(/[{}]/g, '')) !== service);
  expect(elsewhere.map(({ route }) => route)).toEqual([]);
});

test('the guide has every capability, or says that it is missing', () => {
  const { built, missing } = capabilitiesOf(guide);
  expect(described.flatMap(({ rows }) => rows).filter((row) => !built.includes(row))).toEqual([]);
  const all = Array.from({ length: CAPABILITIES }, (_, i) => i + 1);
  expect(all.filter((row) => !built.includes(row) && !missing.includes(row))).toEqual([]);
});

test('the examples of the guide work in order', async () => {
  await writeFile(join(folder, 'me.png'), PIXEL);
  const { email: ADMIN_EMAIL, password: ADMIN_PASSWORD } = shop.system.admin;
  const env = { ...process.env, API: `${shop.edge}/api`, MAIL: `${shop.mails}/api`, ADMIN_EMAIL, ADMIN_PASSWORD };
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', scriptOf(guide)], { cwd: folder, env, timeout: 90_000 });
  expect(stdout).toMatch(/"slug":"guide-instruments"/);
  expect(stdout).toMatch(/"status":"succeeded"/);
  expect(stdout).toMatch(/"template":"order-cancelled"/);
}, 120_000);

test('every parameter, body and reply has a complete example that matches its schema', () => {
  expect(
    Object.entries(documents).flatMap(([service, document]) => readExamples(document).faults.map((fault) => `${service}: ${fault}`)),
  ).toEqual([]);
});

test('the shop accepts the example of every request', async () => {
  const admin = await signIn(shop.edge, shop.system.admin);
  const requests = Object.values(documents).flatMap((document) => readExamples(document).requests);
  expect(requests.length).toBeGreaterThan(50);
  const refused: unknown[] = [];
  for (const { method, path, body, headers } of requests) {
    const answer = await admin(method, path, body, headers);
    const slug = answer.body?.type?.split('/').at(-1);
    if (answer.status >= 500 || slug === 'validation-failed' || slug === 'no-such-route') refused.push({ method, path, ...answer });
  }
  expect(refused).toEqual([]);
}, 60_000);
