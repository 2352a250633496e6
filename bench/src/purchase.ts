/**
 * `npm run bench -- purchase [customers ...]`: requests per second of the whole shop on this
 * machine, with 1 and 32 customers at once by default.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processes } from '@sidecart/runner/processes';
import { HIGH_LIMITS, startShop } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';
import { OPERATIONS, Result, type Product, type Task } from './result.js';

const SECONDS = 8;
const SHOPPERS = 200;
/** The shop is idle if all its parts use less processor time than this in a second, in ms. */
const IDLE_MS = 150;
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

/**
 * Returns the process ids of everything that `npm start` runs, by name. This program contains the
 * edge and the mail catcher, as `npm start` does.
 */
async function parts(): Promise<Map<string, number>> {
  const named = Object.keys(system.urls).flatMap((app): [string, number | undefined][] => {
    const pids = system.pids(app);
    return [
      [app, pids.app],
      [`${app}: sidecar`, pids.sidecar],
    ];
  });
  const nats = (await processes()).find(({ argv }) => argv.includes(join(folder, 'nats.conf')));
  const all: [string, number | undefined][] = [...named, ['nats-server', nats?.pid], ['edge, mail catcher, bench', process.pid]];
  return new Map(all.filter((part): part is [string, number] => part[1] !== undefined));
}

/**
 * Returns the memory of each part in MB: resident, and proportional, which divides shared pages
 * among their processes.
 */
async function memoryTable(): Promise<Record<string, { rss: number; pss: number }>> {
  const rows: Record<string, { rss: number; pss: number }> = {};
  for (const [name, pid] of await parts()) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    const of = (field: string) => Math.round(Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1_024);
    rows[name] = { rss: of('Rss'), pss: of('Pss') };
  }
  rows['in all'] = Object.values(rows).reduce((sum, { rss, pss }) => ({ rss: sum.rss + rss, pss: sum.pss + pss }), { rss: 0, pss: 0 });
  return rows;
}

/** Returns the processor time of each part so far, in ms. A tick of the kernel's clock is 10 ms. */
async function processorTime(): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const [name, pid] of await parts()) {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ').at(-1)?.split(' ') ?? [];
    times.set(name, (Number(fields[11]) + Number(fields[12])) * 10);
  }
  return times;
}

/** Waits until the shop is idle, because all events are handled. */
async function settled(): Promise<void> {
  const total = async () => [...(await processorTime()).values()].reduce((sum, time) => sum + time, 0);
  let before = await total();
  await until('the shop is idle', 120, async () => {
    await delay(1_000);
    const now = await total();
    const idle = now - before < IDLE_MS;
    before = now;
    return idle;
  });
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
console.table(await memoryTable());

const load = fork(new URL('load.js', import.meta.url));
const rows: object[] = [];
const spent: Record<string, Record<string, number>> = {};
for (const count of customers) {
  for (const operation of OPERATIONS) {
    const before = await processorTime();
    const task: Task = { operation, edge, customers: count, seconds: SECONDS, tokens, products };
    load.send(task);
    const [answer]: unknown[] = await once(load, 'message');
    const { done, perSecond, p50, p99, errors, firstError } = Result.parse(answer);
    rows.push({ customers: count, operation, 'per second': perSecond, 'p50 ms': p50, 'p99 ms': p99, errors });
    await settled();
    console.log(`${count} customers, ${operation}: ${perSecond}/s${errors > 0 ? `, ${errors} errors, first: ${firstError}` : ''}`);
    for (const [name, time] of await processorTime()) {
      (spent[name] ??= {})[`${operation} (${count})`] = Math.round(((time - (before.get(name) ?? 0)) / Math.max(1, done)) * 100) / 100;
    }
  }
}
console.table(rows);
console.log('Processor time in ms per operation, with the events that follow from it:');
console.table(spent);
console.log('Memory in MB after the load:');
console.table(await memoryTable());
load.kill();
await shop.stop();
await rm(folder, { recursive: true, force: true });
