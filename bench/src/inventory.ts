/**
 * `npm run bench -- inventory [callers]`: reservations and holds per second of one replica of
 * inventory over SQLite, called through the sidecar of orders as orders does. 64 callers by
 * default.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { caller } from '@sidecart/chassis/calls';
import { createDapr } from '@sidecart/chassis/dapr';
import { Hold, Reserve } from '@sidecart/contracts/inventory';
import { processes } from '@sidecart/runner/processes';
import { HIGH_LIMITS, startShop } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';

const SECONDS = 8;
const ROUNDS = 3;
const SKUS = 200;
const callers = Number(process.argv[2] ?? 64);

const folder = await mkdtemp(join(tmpdir(), 'sidecart-bench-'));
console.log(`${cpus().length} cores (${cpus()[0]?.model}). Starting the shop ...`);
const shop = await startShop({ folder, env: HIGH_LIMITS });
const { edge, system } = shop;

async function ask(path: string, body: object, token = ''): Promise<{ accessToken: string }> {
  const headers = {
    'content-type': 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    'idempotency-key': randomUUID(),
  };
  const answer = await fetch(edge + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return JSON.parse(await answer.text());
}

const skuOf = (n: number) => `BENCH-${n}`;
const admin = (await ask('/api/auth/login', system.admin)).accessToken;
for (let n = 0; n < SKUS; n++) {
  await ask('/api/inventories', { sku: skuOf(n), productId: `bench-${n}` }, admin);
  await ask(`/api/inventories/${skuOf(n)}/movements`, { type: 'receive', quantity: 1_000_000, reason: 'bench' }, admin);
}

/** A service as the sidecar of another one sees it. */
const sidecarOf = (app: string) =>
  createDapr({ port: Number(new URL(system.sidecars[app] ?? '').port), apiToken: system.tokens[app]?.DAPR_API_TOKEN });
const reserve = caller(sidecarOf('orders'), Reserve);
const hold = caller(sidecarOf('carts'), Hold);
const in15 = () => new Date(Date.now() + 15 * 60_000).toISOString();
const line = (n: number) => ({ sku: skuOf(n % SKUS), quantity: 1 });

const operations: Record<string, (n: number) => Promise<unknown>> = {
  'reserve one of 200 SKUs': (n) => reserve({ reference: randomUUID(), cartId: null, lines: [line(n)], until: in15() }),
  'reserve three of 200 SKUs': (n) =>
    reserve({ reference: randomUUID(), cartId: null, lines: [line(n), line(n + 7), line(n + 31)], until: in15() }),
  'reserve one hot SKU': () => reserve({ reference: randomUUID(), cartId: null, lines: [line(0)], until: in15() }),
  'hold one of 200 SKUs, a cart each': (n) => hold({ cartId: `bench-${randomUUID()}`, ...line(n), until: in15() }),
};

/** Returns the processor time so far of what an operation uses, in ms. */
async function processorTime(): Promise<Record<string, number>> {
  const { app = 0, sidecar = 0 } = system.pids('inventory');
  const nats = (await processes()).find(({ argv }) => argv.includes(join(folder, 'nats.conf')))?.pid ?? 0;
  const times: Record<string, number> = {};
  for (const [name, pid] of Object.entries({ inventory: app, 'its sidecar': sidecar, nats })) {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ').at(-1)?.split(' ') ?? [];
    times[name] = (Number(fields[11]) + Number(fields[12])) * 10;
  }
  return times;
}

/** Waits until inventory is idle, because all events are published. */
async function settled(): Promise<void> {
  const total = async () => Object.values(await processorTime()).reduce((sum, time) => sum + time, 0);
  let before = await total();
  await until('inventory is idle', 120, async () => {
    await delay(1_000);
    const now = await total();
    const isIdle = now - before < 150;
    before = now;
    return isIdle;
  });
}

async function measure(operation: (n: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let turn = 0;
  const end = performance.now() + SECONDS * 1_000;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < end) {
        const start = performance.now();
        await operation(turn++);
        times.push(performance.now() - start);
      }
    }),
  );
  return times.toSorted((a, b) => a - b);
}

await measure(operations['reserve one of 200 SKUs'] ?? (async () => undefined)); // warm up
await settled();
const rows: object[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  for (const [name, operation] of Object.entries(operations)) {
    const before = await processorTime();
    const times = await measure(operation);
    await settled();
    const spent = Object.entries(await processorTime()).map(([part, time]): [string, number] => [
      `${part}, ms each`,
      Math.round(((time - (before[part] ?? 0)) / times.length) * 1_000) / 1_000,
    ]);
    const at = (share: number) => Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10;
    const perSecond = Math.round(times.length / SECONDS);
    rows.push({ round, operation: name, 'per second': perSecond, 'p50 ms': at(0.5), 'p99 ms': at(0.99), ...Object.fromEntries(spent) });
  }
}
console.log(`${callers} callers; processor time of each part per operation, with the events that follow:`);
console.table(rows);
await shop.stop();
await rm(folder, { recursive: true, force: true });
