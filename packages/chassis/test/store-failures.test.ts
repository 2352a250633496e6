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
const heard = (name: string) => listener.heard.filter(({ data }) => isNamed(data, name));
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

test('a commit whose answer comes too late is read back before the caller is told', async () => {
  let slow = false;
  const store = await open(
    'late',
    {
      async commit(writes) {
        await sidecar.dapr.commit(writes);
        if (!slow) return;
        await delay(400);
        throw new DaprError('state transaction', 0, 'no answer in 400 ms');
      },
    },
    { patienceMs: 200 },
  );
  slow = true;
  expect(await increment(store, 'late')).toBe(1);
  slow = false;
  await store.close();
});

test('a change that may have happened is not done again in another group', async () => {
  let failing = false;
  let lost: (() => Promise<void>) | undefined;
  const store = await open(
    'split',
    {
      async read(keys) {
        // The answer of the first attempt is still under way when the other half of its group is tried.
        if (!failing && lost) await lost();
        lost = failing ? lost : undefined;
        return sidecar.dapr.read(keys);
      },
      async commit(writes) {
        if (!failing) return sidecar.dapr.commit(writes);
        lost ??= () => sidecar.dapr.commit(writes);
        await delay(50);
        throw new DaprError('state transaction', 0, 'no answer');
      },
    },
    { patienceMs: 200 },
  );
  failing = true;
  const both = Promise.allSettled([increment(store, 'split'), increment(store, 'split')]);
  await delay(230);
  failing = false;
  const acknowledged = (await both).filter(({ status }) => status === 'fulfilled').length;
  await store.close();
  const { n } = (await nOf('split')) ?? { n: 0 };
  expect(n).toBeLessThanOrEqual(2);
  expect(n).toBeGreaterThanOrEqual(acknowledged);
});

test('closing refuses new changes, commits those that wait, publishes their events, and leaves nothing in the outbox', async () => {
  const store = await open('closing', {}, { groupSize: 4 });
  const before = Array.from({ length: 40 }, () => increment(store, 'closing'));
  const closed = store.close();
  await expect(increment(store, 'closing')).rejects.toMatchObject({ kind: 'unavailable', slug: 'stopping' });
  await closed;
  expect((await Promise.all(before)).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  expect(await outboxKeys('closing')).toEqual([]);
  await expect(increment(store, 'closing')).rejects.toMatchObject({ slug: 'stopping' });
  expect(await nOf('closing')).toEqual({ n: 40 });
  await until('all events arrived', 10, async () => new Set(heard('closing').map(({ id }) => id)).size === 40);
});

test('what a replica could not publish before it stopped, another one does', async () => {
  const mute: Partial<Dapr> = { publish: async (events) => ({ failed: new Set(events.map(({ id }) => id)) }) };
  const store = await open('mute', mute);
  await increment(store, 'mute');
  await store.close();
  expect(await outboxKeys('mute')).toHaveLength(3); // its lane, the fence and one slot
  const other = await open('heir', {}, { beatMs: 100, silentMs: 300 });
  await until('the event arrived', 10, async () => heard('mute').length === 1);
  await until('the lane is gone', 10, async () => (await outboxKeys('mute')).length === 0);
  await other.close();
}, 60_000);

test('a change that waited longer than its caller is refused, and never done', async () => {
  let away = false;
  const store = await open(
    'stale',
    {
      async commit(writes) {
        if (!away) return sidecar.dapr.commit(writes);
        await delay(100);
        throw new DaprError('state transaction', 500, 'the database is away');
      },
    },
    { patienceMs: 300, groupSize: 1 },
  );
  away = true;
  const started = performance.now();
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => increment(store, 'stale')));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: notStored });
  expect(performance.now() - started).toBeLessThan(5_000); // not 50 times the patience
  away = false;
  expect(await increment(store, 'stale')).toBe(1);
  await store.close();
});

test('a key that is not a string is refused at once, and other changes go on', async () => {
  const store = await open('keys');
  const odd = [JSON.parse('{}'), JSON.parse('7'), '', 'k'.repeat(201)];
  const refused = odd.map((each) => store.transact([each], () => ({ result: undefined })));
  for (const each of refused) await expect(each).rejects.toThrow(TypeError);
  const asked = store.transact([], (docs) => ({ result: docs.get(odd[0]) }));
  await expect(asked).rejects.toThrow(TypeError);
  expect(() => key('a', odd[0])).toThrow(TypeError);
  expect(await increment(store, 'keys')).toBe(1);
  await store.close();
});

test('what the sidecar rejects is not repeated, and fails for its own caller alone', async () => {
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

test('a replica that was paused and taken for dead commits nothing in the lane that others have emptied', async () => {
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
  await until('the event of the acknowledged change arrived', 20, async () => heard('paused').length > 0);
  await other.close();
}, 60_000);
