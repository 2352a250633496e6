/**
 * `npm run bench -- store`: updates per second of the store, with and without group commit, beside
 * a real sidecar over SQLite.
 */
import { rm } from 'node:fs/promises';
import { createDapr } from '@sidecart/chassis/dapr';
import { key, put } from '@sidecart/chassis/state';
import { openStore, type Store } from '@sidecart/chassis/store';
import { startSidecar, testComponents } from '@sidecart/runner/sidecar';

const CALLERS = 64;
const DOCUMENTS = 1_000;
const SECONDS = 5;
const ROUNDS = 3;

const counter = (n: number) => key<{ n: number }>('count', n);

/** One operation: reads a document, changes it, and writes it back with an event. */
function update(store: Store, n: number): Promise<void> {
  return store.transact([counter(n)], (docs) => {
    const next = (docs.get(counter(n))?.n ?? 0) + 1;
    const event = { type: 'count.changed', version: 1, subject: String(n), sequence: next, data: { n: next } };
    return { write: [put(counter(n), { n: next })], events: [event], result: undefined };
  });
}

async function measure(store: Store): Promise<{ perSecond: number; p50: number; p99: number }> {
  const times: number[] = [];
  const end = performance.now() + SECONDS * 1_000;
  await Promise.all(
    Array.from({ length: CALLERS }, async (_, caller) => {
      for (let i = caller; performance.now() < end; i += CALLERS) {
        const start = performance.now();
        await update(store, i % DOCUMENTS);
        times.push(performance.now() - start);
      }
    }),
  );
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10;
  return { perSecond: Math.round(times.length / SECONDS), p50: at(0.5), p99: at(0.99) };
}

const components = await testComponents({ pubsub: 'in-memory' });
const sidecar = await startSidecar({ appId: 'bench', ...components });
const dapr = createDapr({ port: sidecar.httpPort, apiToken: undefined });
const stores = {
  'groups off': await openStore({ dapr, app: 'bench', replica: 'off', groupSize: 1 }),
  groups: await openStore({ dapr, app: 'bench', replica: 'on' }),
};

const rows: Record<string, string | number>[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  const result: Record<string, number> = {};
  for (const [name, store] of Object.entries(stores)) {
    const { perSecond, p50, p99 } = await measure(store);
    result[name] = perSecond;
    rows.push({ round, store: name, 'updates/s': perSecond, 'p50 ms': p50, 'p99 ms': p99 });
  }
  console.log(`round ${round}: ${((result['groups'] ?? 0) / (result['groups off'] ?? 1)).toFixed(1)} times the rate with groups`);
}
console.table(rows);
for (const store of Object.values(stores)) await store.close();
await sidecar.stop();
await rm(components.folder, { recursive: true });
