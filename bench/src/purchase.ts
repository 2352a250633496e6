/**
 * `npm run bench -- purchase [customers ...]`: requests per second of the whole shop on this
 * machine, with 1 and 32 customers at once by default.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HIGH_LIMITS, startShop } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';
import { costOf, sample } from './cost.js';
import { memoryOf, untilIdle } from './parts.js';
import { OPERATIONS, Result, type Product, type Task } from './result.js';

const SECONDS = 8;
/** How long the idle shop is measured, in ms. */
const IDLE_MS = 10_000;
const SHOPPERS = 200;
const PRODUCTS = 50;
const customers = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 32];

const folder = await mkdtemp(join(tmpdir(), 'sidecart-bench-'));
console.log(`${cpus().length} cores (${cpus()[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GB. Starting the shop ...`);
const started = Date.now();
const shop = await startShop({ folder, env: { ...HIGH_LIMITS, MAX_UNPAID_ORDERS: '1000' } });
const { edge, system } = shop;
const startSeconds = (Date.now() - started) / 1_000;

async function ask(path: string, body: object, token = ''): Promise<{ id: string; accessToken: string }> {
  const headers = {
    'content-type': 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    'idempotency-key': crypto.randomUUID(),
  };
  const answer = await fetch(edge + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return JSON.parse(await answer.text());
}

async function product(admin: string, n: number): Promise<Product> {
  const sku = `BENCH-${n}`;
  const { id } = await ask(
    '/api/products',
    { sku, name: `Bench ${n}`, description: 'For measuring.', price: { amount: 1_000 + n, currency: 'EUR' }, status: 'published' },
    admin,
  );
  const headers = { authorization: `Bearer ${admin}` };
  await until(`the stock of ${sku} is there`, 30, async () => (await fetch(`${edge}/api/inventories/${sku}`, { headers })).ok);
  await ask(`/api/inventories/${sku}/movements`, { type: 'receive', quantity: 1_000_000, reason: 'bench' }, admin);
  return { id, sku };
}

const admin = (await ask('/api/auth/login', system.admin)).accessToken;
const products = await Promise.all(Array.from({ length: PRODUCTS }, (_, n) => product(admin, n)));
const tokens: string[] = [];
for (let n = 0; n < SHOPPERS; n++) {
  const account = { email: `shopper-${n}@example.com`, password: 'seven green bicycles' };
  await ask('/api/auth/register', { ...account, name: `Shopper ${n}` });
  tokens.push((await ask('/api/auth/login', account)).accessToken);
}
console.log(`Started in ${startSeconds.toFixed(1)} s. Memory in MB before the load:`);
console.table(await memoryOf(shop));

await untilIdle(shop);
const idleFrom = await sample(shop);
await delay(IDLE_MS);
const idleTo = await sample(shop);

const load = fork(new URL('load.js', import.meta.url));
const rows: object[] = [];
const costs: Record<string, Record<string, number>> = {};
for (const count of customers) {
  for (const operation of OPERATIONS) {
    const before = await sample(shop);
    const task: Task = { operation, edge, customers: count, seconds: SECONDS, tokens, products };
    load.send(task);
    const [answer]: unknown[] = await once(load, 'message');
    const { done, perSecond, p50, p99, errors, firstError } = Result.parse(answer);
    rows.push({ customers: count, operation, 'per second': perSecond, 'p50 ms': p50, 'p99 ms': p99, errors });
    await untilIdle(shop);
    console.log(`${count} customers, ${operation}: ${perSecond}/s${errors > 0 ? `, ${errors} errors, first: ${firstError}` : ''}`);
    const cost = costOf(done, [idleFrom, idleTo], [before, await sample(shop)]);
    for (const [part, ms] of Object.entries(cost)) (costs[part] ??= {})[`${operation} (${count})`] = ms;
  }
}
console.table(rows);
console.log('Processor time in ms per operation, with the events that follow from it:');
console.table(costs);
console.log('Memory in MB after the load:');
console.table(await memoryOf(shop));
load.kill();
await shop.stop();
await rm(folder, { recursive: true, force: true });
