import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '@sidecart/runner/until';
import type { Sidecar } from '@sidecart/runner/sidecar';
import { DaprError, type Dapr } from '../src/dapr/dapr.js';
import { key, put } from '../src/store/state.js';
import { openStore, type StoreOptions } from '../src/store/store.js';
import { count, increment, isNamed, openBench, startListener, type Bench } from './harness.js';

let bench: Bench;
let listener: Awaited<ReturnType<typeof startListener>>;
let sidecar: Sidecar & { dapr: Dapr };

const open = (replica: string, change: Partial<Dapr> = {}, options: Partial<StoreOptions> = {}) =>
  openStore({ dapr: { ...sidecar.dapr, ...change }, app: 'shop', replica, ...options });
const received = (name: string) => listener.received.filter(({ data }) => isNamed(data, name));
const stored = async (name: string) => (await sidecar.dapr.read([name])).get(name)?.value;
const nOf = async (name: string) => (await stored(count(name))) as { n: number } | undefined;

async function outboxKeys(replica: string): Promise<string[]> {
  const lanes = Object.keys((await stored('outbox|lanes')) ?? {}).filter((lane) => lane.startsWith(`${replica}.`));
  const keys = lanes.flatMap((lane) => [`outbox|${lane}|fence`, ...Array.from({ length: 64 }, (_, n) => `outbox|${lane}|${n}`)]);
  return [...lanes, ...(keys.length > 0 ? (await sidecar.dapr.read(keys)).keys() : [])];
}

const notStored = { kind: 'unavailable', slug: 'store-unavailable', message: 'This cannot be saved at the moment. Try again.' };

beforeAll(async () => {
  bench = await openBench('sqlite');
  listener = await startListener();
  sidecar = await bench.sidecar(listener.port);
}, 60_000);

afterAll(async () => {
  await bench?.close();
  listener.server.close();
}, 60_000);

test('a commit whose response is late is looked up before its caller gets a reply', async () => {
  let isSlow = false;
  const store = await open(
    'late',
    {
      async commit(writes) {
        await sidecar.dapr.commit(writes);
        if (!isSlow) return;
        await delay(400);
        throw new DaprError('state transaction', 0, 'no response in 400 ms');
      },
    },
    { patienceMs: 200 },
  );
  isSlow = true;
  expect(await increment(store, 'late')).toBe(1);
  isSlow = false;
  await store.close();
});

test('a change that may be committed is not tried again in another group', async () => {
  let isFailing = false;
  let lost: (() => Promise<void>) | undefined;
  const store = await open(
    'split',
    {
      async read(keys) {
        // The first attempt commits when the other half of its group is tried.
        if (!isFailing && lost) await lost();
        lost = isFailing ? lost : undefined;
        return sidecar.dapr.read(keys);
      },
      async commit(writes) {
        if (!isFailing) return sidecar.dapr.commit(writes);
        lost ??= () => sidecar.dapr.commit(writes);
        await delay(50);
        throw new DaprError('state transaction', 0, 'no response');
      },
    },
    { patienceMs: 200 },
  );
  isFailing = true;
  const increments = Promise.allSettled([increment(store, 'split'), increment(store, 'split')]);
  await delay(230);
  isFailing = false;
  const acknowledged = (await increments).filter(({ status }) => status === 'fulfilled').length;
  await store.close();
  const { n } = (await nOf('split')) ?? { n: 0 };
  expect(n).toBeLessThanOrEqual(2);
  expect(n).toBeGreaterThanOrEqual(acknowledged);
});

test('closing refuses new changes, commits those that wait, publishes their events, and empties the outbox', async () => {
  const store = await open('closing', {}, { groupSize: 4 });
  const waiting = Array.from({ length: 40 }, () => increment(store, 'closing'));
  const closed = store.close();
  await expect(increment(store, 'closing')).rejects.toMatchObject({ kind: 'unavailable', slug: 'stopping' });
  await closed;
  expect((await Promise.all(waiting)).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  expect(await outboxKeys('closing')).toEqual([]);
  await expect(increment(store, 'closing')).rejects.toMatchObject({ slug: 'stopping' });
  expect(await nOf('closing')).toEqual({ n: 40 });
  await until('all events arrived', 10, async () => new Set(received('closing').map(({ id }) => id)).size === 40);
});

test('publishes what another replica could not publish before it stopped', async () => {
  const mute: Partial<Dapr> = { publish: async (events) => ({ failed: new Set(events.map(({ id }) => id)) }) };
  const store = await open('mute', mute);
  await increment(store, 'mute');
  await store.close();
  expect(await outboxKeys('mute')).toHaveLength(3); // its lane, the fence and one slot
  const other = await open('successor', {}, { beatMs: 100, silentMs: 300 });
  await until('the event arrived', 10, async () => received('mute').length === 1);
  await until('the lane is unregistered', 10, async () => (await outboxKeys('mute')).length === 0);
  await other.close();
}, 60_000);

test('a change that has waited longer than its caller is refused, and never committed', async () => {
  let isAway = false;
  const store = await open(
    'stale',
    {
      async commit(writes) {
        if (!isAway) return sidecar.dapr.commit(writes);
        await delay(100);
        throw new DaprError('state transaction', 500, 'the database is unavailable');
      },
    },
    { patienceMs: 300, groupSize: 1 },
  );
  isAway = true;
  const started = performance.now();
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => increment(store, 'stale')));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: notStored });
  expect(performance.now() - started).toBeLessThan(5_000); // not 50 times the patience
  isAway = false;
  expect(await increment(store, 'stale')).toBe(1);
  await store.close();
});

test('refuses a key that is not a string at once, and commits other changes', async () => {
  const store = await open('keys');
  const invalid = [JSON.parse('{}'), JSON.parse('7'), '', 'k'.repeat(201)];
  const refused = invalid.map((each) => store.transact([each], () => ({ result: undefined })));
  for (const each of refused) await expect(each).rejects.toThrow(TypeError);
  const reading = store.transact([], (docs) => ({ result: docs.get(invalid[0]) }));
  await expect(reading).rejects.toThrow(TypeError);
  expect(() => key('a', invalid[0])).toThrow(TypeError);
  expect(await increment(store, 'keys')).toBe(1);
  await store.close();
});

test('a change that the sidecar rejects is not repeated, and affects no other change', async () => {
  let attempts = 0;
  const store = await open('rejected', {
    async commit(writes) {
      if (writes.some((write) => write.key === 'poison')) {
        attempts++;
        throw new DaprError('state transaction', 400, 'ERR_MALFORMED_REQUEST');
      }
      await sidecar.dapr.commit(writes);
    },
  });
  const poison = store.transact([], () => ({ write: [put(key('poison'), 1)], result: undefined }));
  const good = Promise.all(Array.from({ length: 7 }, () => increment(store, 'rejected')));
  await expect(poison).rejects.toThrow('ERR_MALFORMED_REQUEST');
  expect(await good).toHaveLength(7);
  expect(attempts).toBeLessThanOrEqual(4); // as often as a group of eight is halved
  await store.close();
});

test('a replica that was paused and taken for dead commits nothing in a lane that others have emptied', async () => {
  const { httpPort } = await bench.sidecar();
  const child = fork(new URL('paused-child.js', import.meta.url), [String(httpPort), 'paused']);
  await once(child, 'message');
  child.kill('SIGSTOP');
  const other = await open('watcher', {}, { beatMs: 100, silentMs: 1_000 });
  await until('the lane is taken over', 20, async () => (await outboxKeys('paused')).length === 0);
  child.kill('SIGCONT');
  child.send('increment');
  const [acknowledged] = await once(child, 'message');
  expect(acknowledged).toBe(1);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until('the event of the acknowledged change arrived', 20, async () => received('paused').length > 0);
  await other.close();
}, 60_000);
