import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contractStates, serverOf } from '@sidecart/runner/combination';
import { until } from '@sidecart/runner/until';
import type { Sidecar } from '@sidecart/runner/sidecar';
import type { Dapr } from '../src/dapr/dapr.js';
import { DomainError } from '../src/http/errors.js';
import { refuseUnlessAtomic } from '../src/store/internal/probe.js';
import { key, put, remove } from '../src/store/state.js';
import { openStore, type Store } from '../src/store/store.js';
import { count, increment, isNamed, changed, openBench, startListener, type Bench } from './harness.js';

if (!serverOf('postgresql')) console.info('store on PostgreSQL: skipped, TEST_POSTGRES_URL names no server');
if (!serverOf('mysql')) console.info('store on MariaDB: skipped, TEST_MARIADB_URL names no server');

describe.each(contractStates())('the store on %s', (provider) => {
  let bench: Bench;
  let listener: Awaited<ReturnType<typeof startListener>>;
  let sidecar: Sidecar & { dapr: Dapr };
  let store: Store;
  const open = (dapr: Dapr, replica: string, groupSize = 64) => openStore({ dapr, app: 'shop', replica, groupSize });
  const received = (name: string) => listener.received.filter(({ data }) => isNamed(data, name));

  beforeAll(async () => {
    bench = await openBench(provider);
    listener = await startListener();
    sidecar = await bench.sidecar(listener.port);
    store = await open(sidecar.dapr, 'main');
  }, 60_000);

  afterAll(async () => {
    await store?.close();
    await bench?.close();
    listener.server.close();
  }, 60_000);

  test('returns a document that was written, and undefined for any other', async () => {
    await store.transact([], () => ({ write: [put(key('a', 1), { hello: 'world' })], result: undefined }));
    expect(await store.read(key('a', 1))).toEqual({ hello: 'world' });
    expect(await store.read(key('a', 2))).toBeUndefined();
  });

  test('tells apart keys that differ only in case', async () => {
    const named = (name: string) => store.transact([], () => ({ write: [put(key('case', name), { name })], result: undefined }));
    await named('sku');
    await named('SKU');
    expect(await Promise.all([store.read(key('case', 'sku')), store.read(key('case', 'SKU'))])).toEqual([{ name: 'sku' }, { name: 'SKU' }]);
  });

  test('passes the time of its clock to a change, and sets it on events', async () => {
    const moment = new Date('2030-01-02T03:04:05.006Z');
    const clocked = await openStore({ dapr: sidecar.dapr, app: 'shop', replica: 'clocked', now: () => moment });
    const times: string[] = [];
    clocked.onCommit(({ time }) => times.push(time));
    const seen = await clocked.transact([], (_docs, now) => ({
      events: [changed('clocked', 1)],
      write: [put(key('clocked'), 1)],
      result: now,
    }));
    await clocked.close();
    expect([seen, times]).toEqual([moment, [moment.toISOString()]]);
  });

  test('removes documents that were not read, or do not exist', async () => {
    await store.transact([], () => ({ write: [put(key('gone', 1), { hello: 'world' })], result: undefined }));
    await store.transact([], () => ({ write: [remove(key('gone', 1)), remove(key('gone', 2))], result: undefined }));
    expect(await store.read(key('gone', 1))).toBeUndefined();
  });

  test('passes the probe of many replicas at the same time', async () => {
    await expect(Promise.all(Array.from({ length: 64 }, () => refuseUnlessAtomic(sidecar.dapr)))).resolves.toHaveLength(64);
  });

  test('loses no concurrent increment, and returns a different number for each', async () => {
    const numbers = await Promise.all(Array.from({ length: 500 }, () => increment(store, 'crowd')));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    expect(await store.read(count('crowd'))).toEqual({ n: 500 });
  });

  test('a change that throws affects no other change and writes nothing', async () => {
    const refuse = store.transact([count('alone')], () => {
      throw new DomainError('conflict', 'refused', 'No.');
    });
    const others = Promise.all([increment(store, 'alone'), increment(store, 'alone')]);
    await expect(refuse).rejects.toThrow('No.');
    await others;
    expect(await store.read(count('alone'))).toEqual({ n: 2 });
  });

  test('a document that was not read may only be created', async () => {
    const blind = () => store.transact([], () => ({ write: [put(key('once'), { by: 'blind' })], result: undefined }));
    await blind();
    await expect(blind()).rejects.toThrow('once exists and was not loaded');
    expect(await store.read(key('once'))).toEqual({ by: 'blind' });
  });

  test('loads a document that a change reads and did not name', async () => {
    await increment(store, 'found');
    const n = await store.transact([], (docs) => ({ result: docs.get(count('found'))?.n }));
    expect(n).toBe(1);
  });

  test('removes a document and creates it again in the same group', async () => {
    await increment(store, 'phoenix');
    await Promise.all([
      store.transact([count('phoenix')], (docs) => ({
        write: docs.get(count('phoenix')) ? [remove(count('phoenix'))] : [],
        result: undefined,
      })),
      increment(store, 'phoenix'),
    ]);
    expect(await store.read(count('phoenix'))).toEqual({ n: 1 });
  });

  test('a document with a time to live expires, and may be created again', async () => {
    const brief = key<{ n: number }>('brief');
    const create = (n: number) => store.transact([], () => ({ write: [put(brief, { n }, 1)], result: undefined }));
    await create(1);
    await until('the document has expired', 10, async () => (await store.read(brief)) === undefined);
    await create(2);
    expect(await store.read(brief)).toEqual({ n: 2 });
  }, 30_000);

  test('a stale ETag fails the whole transaction', async () => {
    await increment(store, 'stale');
    const etag = (await sidecar.dapr.read([count('stale')])).get(count('stale'))?.etag;
    await increment(store, 'stale');
    const late = sidecar.dapr.commit([
      { key: 'innocent', value: 1, etag: undefined, ttlSeconds: undefined },
      { key: count('stale'), value: { n: 99 }, etag, ttlSeconds: undefined },
    ]);
    await expect(late).rejects.toThrow();
    expect(await store.read(count('stale'))).toEqual({ n: 2 });
    expect(await store.read(key('innocent'))).toBeUndefined();
  });

  test('the events are exactly those of the committed changes', async () => {
    const refused = Array.from({ length: 10 }, () =>
      store.transact([count('events')], (docs) => {
        if ((docs.get(count('events'))?.n ?? 0) >= 0) throw new DomainError('conflict', 'refused', 'No.');
        return { events: [changed('events', -1)], result: undefined };
      }),
    );
    const accepted = Promise.all(Array.from({ length: 40 }, () => increment(store, 'events')));
    await Promise.all([accepted, ...refused.map((each) => expect(each).rejects.toThrow('No.'))]);
    await until('all events arrived', 10, async () => received('events').length >= 40);
    const numbers = received('events').map(({ data }) => data);
    expect(numbers).toHaveLength(40);
    expect(numbers).toEqual(expect.arrayContaining(Array.from({ length: 40 }, (_, i) => ({ name: 'events', n: i + 1 }))));
  });

  test('two replicas lose none of 10,000 increments of the same documents', async () => {
    const documents = 10;
    const codes = await Promise.all(
      ['one', 'two'].map(async (replica) => {
        const { httpPort } = await bench.sidecar();
        const child = fork(new URL('increment-child.js', import.meta.url), [String(httpPort), replica, String(documents), '5000']);
        const [code] = await once(child, 'exit');
        return code;
      }),
    );
    expect(codes).toEqual([0, 0]);
    const counts = await Promise.all(Array.from({ length: documents }, (_, i) => store.read(count(`shared-${i}`))));
    expect(counts.reduce((sum, each) => sum + (each?.n ?? 0), 0)).toBe(10_000);
  }, 120_000);

  test('a kill -9 between commit and publish loses no event: it arrives after the restart with the same id', async () => {
    const { httpPort } = await bench.sidecar();
    const child = fork(new URL('crash-child.js', import.meta.url), [String(httpPort), 'crashing']);
    const [committed] = await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(received('crashed')).toEqual([]);

    const restarted = await open(sidecar.dapr, 'crashing');
    await until('the event arrived', 10, async () => received('crashed').length > 0);
    expect(received('crashed')).toEqual([{ id: committed, data: { name: 'crashed', n: 1 } }]);
    await restarted.close();
  }, 60_000);

  test('a commit whose response is lost is detected and applied once', async () => {
    let [isFlaky, lost] = [false, 0];
    const lossy: Dapr = {
      ...sidecar.dapr,
      async commit(writes) {
        await sidecar.dapr.commit(writes);
        isFlaky = isFlaky && lost++ < 20;
        if (isFlaky) throw new Error('the response is lost');
      },
    };
    const flaky = await open(lossy, 'flaky', 16);
    isFlaky = true;
    const numbers = await Promise.all(Array.from({ length: 200 }, () => increment(flaky, 'flaky')));
    await flaky.close();
    expect(lost).toBeGreaterThan(10);
    expect(new Set(numbers).size).toBe(200);
    expect(await store.read(count('flaky'))).toEqual({ n: 200 });
    await until('all events arrived', 10, async () => received('flaky').length >= 200);
    expect(new Set(received('flaky').map(({ id }) => id)).size).toBe(200);
  }, 30_000);

  test('accepts changes during a broker outage until the outbox is full, then refuses them and loses nothing', async () => {
    let isAway = true;
    let isSweeping = false;
    let continueSweep: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (continueSweep = resolve));
    const cut: Dapr = {
      ...sidecar.dapr,
      publish: async (events) => (isAway ? { failed: new Set(events.map(({ id }) => id)) } : sidecar.dapr.publish(events)),
      async commit(writes) {
        if (!isAway && writes.every((write) => 'removed' in write)) {
          isSweeping = true;
          await gate;
        }
        await sidecar.dapr.commit(writes);
      },
    };
    const alone = await openStore({ dapr: cut, app: 'shop', replica: 'cut', groupSize: 1, patienceMs: 60_000 });
    const results = await Promise.allSettled(Array.from({ length: 1_100 }, () => increment(alone, 'cut')));
    const refused = results.filter(({ status }) => status === 'rejected');
    const accepted = results.length - refused.length;
    expect(refused.length).toBeGreaterThan(50);
    expect(refused[0]).toMatchObject({ reason: { kind: 'unavailable', slug: 'outbox-full' } });
    expect(await store.read(count('cut'))).toEqual({ n: accepted });
    isAway = false;
    const ids = () => new Set(received('cut').map(({ id }) => id)).size;
    await until('all events arrived', 30, async () => ids() === accepted);
    await until('the full outbox is swept', 30, async () => isSweeping);
    expect(await increment(alone, 'cut')).toBe(accepted + 1);
    continueSweep();
    await alone.close();
    await until('the last event arrived', 30, async () => ids() === accepted + 1);
  }, 120_000);

  test('deletes published batches when the replica is idle', async () => {
    await increment(store, 'swept');
    const slots = Array.from({ length: 16 }, (_, n) => n);
    await until('the lane is empty', 10, async () => {
      const lanes = (await sidecar.dapr.read(['outbox|lanes'])).get('outbox|lanes')?.value;
      const lane = Object.keys(lanes ?? {}).find((name) => name.startsWith('main.'));
      return (await sidecar.dapr.read(slots.map((n) => `outbox|${lane}|${n}`))).size === 0;
    });
  });
});
