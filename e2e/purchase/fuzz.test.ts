import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ownCombination, type Combination } from '@sidecart/runner/combination';
import { HIGH_LIMITS, startShop, type Shop } from '@sidecart/runner/shop';
import fc from 'fast-check';
import { Pool } from 'undici';
import { APPS } from '../support/apps.js';
import { aCustomer, signIn, type Ask } from '../support/api.js';
import { newCast, type Cast } from './fuzz/callers.js';
import { openApiOf, operationAt, operationsOf, routeOf, type Operation } from '../support/openapi.js';
import { faultOf, type Reply } from './fuzz/replies.js';
import { shots, type Shot } from './fuzz/requests.js';
import { someGoods } from '../support/goods.js';

/** The same seed makes the same requests, except for ids and tokens. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_131);
/** How many requests each operation gets. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100);
const REPLY_MS = 10_000;

/** Cheap password hashes, and a sign-in provider that cannot be reached. */
const env = {
  ...HIGH_LIMITS,
  PASSWORD_MEMORY_KIB: '1024',
  PASSWORD_PASSES: '1',
  OIDC_PROVIDERS: JSON.stringify([{ name: 'away', issuer: 'http://127.0.0.1:9', clientId: 'shop', clientSecret: 'secret' }]),
};

let folder: string;
let combination: Combination;
let shop: Shop;
let root: Ask;
let operations: Operation[];
const pools = new Map<string, Pool>();
/** The operations that answered at least one request with success. */
const reached = new Set<string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-fuzz-'));
  combination = await ownCombination();
  const { state, pubsub } = combination;
  shop = await startShop({ folder, ...(state && { state }), ...(pubsub && { pubsub }), env });
  const documents = await Promise.all(APPS.map(async (app) => operationsOf(app, await openApiOf(shop.edge, app))));
  operations = documents.flat();
  for (const [app, url] of Object.entries(shop.system.urls))
    pools.set(app, new Pool(url, { headersTimeout: REPLY_MS, bodyTimeout: REPLY_MS }));
  root = await signIn(shop.edge, shop.system.admin);
}, 180_000);

afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  await shop?.stop();
  await combination?.drop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function send(service: string, { method, path, headers, body }: Shot, token: string | undefined): Promise<Reply> {
  const pool = pools.get(service);
  if (!pool) throw new Error(`${service} is not running`);
  const reply = await pool.request({
    method,
    path,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    body: body ?? null,
  });
  return { status: reply.statusCode, headers: reply.headers, text: await reply.body.text() };
}

/** Throws unless the reply is one that the service's OpenAPI document has for this request. */
async function expectDocumented(service: string, shot: Shot, { token }: Cast): Promise<void> {
  const own = operations.filter((each) => each.service === service);
  const reply = await send(service, shot, token(shot.caller));
  const met = operationAt(own, shot.method, shot.path);
  if (met && reply.status < 400) reached.add(routeOf(met));
  const fault = faultOf(met, shot.method, reply);
  if (fault !== undefined) throw new Error(`${fault}; the reply was ${reply.status} ${reply.text.slice(0, 500)}`);
}

const printed = ({ caller, method, path, headers, body }: Shot) =>
  `${caller}: ${method} ${path.slice(0, 200)} ${JSON.stringify(headers).slice(0, 300)} ${String(body).slice(0, 300)}`;

/** Each operation has its own seed. Otherwise all would get the same callers and mistakes. */
const seedOf = (operation: Operation) => SEED + operations.indexOf(operation);

/** Returns what went wrong for an operation, with the smallest request that shows it. */
async function failureOf(operation: Operation, cast: Cast): Promise<string[]> {
  const property = fc.asyncProperty(shots(operation, cast.known), (shot) => expectDocumented(operation.service, shot, cast));
  const details = await fc.check(property, { seed: seedOf(operation), numRuns: RUNS, interruptAfterTimeLimit: 30_000 });
  if (!details.failed) return [];
  const [shot] = details.counterexample ?? [];
  return [
    `${routeOf(operation)}: ${details.errorInstance instanceof Error ? details.errorInstance.message : 'unknown'}\n  ${shot ? printed(shot) : ''}`,
  ];
}

test.each(APPS)(
  `%s replies to every request as its OpenAPI document says (FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS})`,
  async (app) => {
    const own = operations.filter(({ service }) => service === app);
    expect(own.length).toBeGreaterThan(0);
    const failures: string[] = [];
    let cast = await newCast(shop, root);
    for (const operation of own) {
      failures.push(...(await failureOf(operation, cast)));
      if (await cast.isSpent()) cast = await newCast(shop, root);
    }
    expect(failures).toEqual([]);
  },
  Math.max(120_000, RUNS * 10_000),
);

test('most operations succeed at least once, so requests are not just refused early', () => {
  const missed = operations.map(routeOf).filter((route) => !reached.has(route));
  expect(missed.length).toBeLessThan(operations.length / 4);
});

test('every path parameter has a pattern or a bound', () => {
  const parameters = operations.flatMap((operation) =>
    operation.parameters.filter((each) => each.in === 'path').map((each) => ({ route: routeOf(operation), ...each })),
  );
  expect(parameters.length).toBeGreaterThan(20);
  const open = parameters.filter(({ schema }) => schema.pattern === undefined && schema.maxLength === undefined);
  expect(open.map(({ route, name }) => `${route} ${name}`)).toEqual([]);
});

test('the shop still sells afterwards, and logged no unexpected error', async () => {
  const { ask } = await aCustomer(shop.edge, 'after');
  const { sku } = await someGoods(root, 'AFTER', 1);
  const order = await ask('POST', '/api/orders', { items: [{ sku, quantity: 1 }] });
  const payment = await ask('POST', '/api/payments', { orderId: order.body.id, paymentMethodId: 'pm_card_visa' });
  expect([order.status, payment.body.status]).toEqual([201, 'succeeded']);
  for (const url of Object.values(shop.system.urls)) expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  const logs = await Promise.all(APPS.map((app) => readFile(join(shop.system.logs, `${app}.log`), 'utf8')));
  const lines = logs.flatMap((log) => log.split('\n'));
  expect(lines.filter((line) => line.includes('unexpected error'))).toEqual([]);
});
