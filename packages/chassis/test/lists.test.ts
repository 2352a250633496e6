import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDeadlines } from '../src/store/deadlines.js';
import { append, list, page, type List, type Page } from '../src/store/lists.js';
import { openStore, type Store } from '../src/store/store.js';
import { openBench, type Bench } from './harness.js';

let bench: Bench;
let store: Store;

beforeAll(async () => {
  bench = await openBench('sqlite');
  const { dapr } = await bench.sidecar();
  store = await openStore({ dapr, app: 'shop', replica: 'main' });
}, 60_000);

afterAll(async () => {
  await store?.close();
  await bench?.close();
}, 60_000);

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

async function readAll(list: List<number>, limit: number): Promise<number[]> {
  const read: number[] = [];
  for (let cursor: string | undefined | null; cursor !== null;) {
    const { data, next }: Page<number> = await page(store, list, { limit, cursor });
    expect(data).toHaveLength(next === null ? data.length : limit);
    read.push(...data);
    cursor = next;
  }
  return read;
}

test.each([1, 7, 49, 50, 51, 100, 137])('a list of %i entries is read newest first, with pages of any size', async (count) => {
  const numbers = list<number>('numbers', count);
  for (let n = 1; n <= count;) {
    const some = upTo(count).slice(n - 1, n + 28);
    await store.transact([numbers.head], (docs) => ({ write: append(docs, numbers, ...some), result: undefined }));
    n += some.length;
  }
  for (const limit of [1, 10, 50, 64, 100]) expect(await readAll(numbers, limit)).toEqual(upTo(count).toReversed());
});

test('entries that are added at the same time, or while pages are read, are neither lost nor repeated', async () => {
  const numbers = list<number>('at once');
  const add = (n: number) => store.transact([numbers.head], (docs) => ({ write: append(docs, numbers, n), result: undefined }));
  await Promise.all(upTo(130).map(add));
  const first = await page(store, numbers, { limit: 60 });
  await add(131);
  const second = await page(store, numbers, { limit: 60, cursor: first.next ?? undefined });
  const third = await page(store, numbers, { limit: 60, cursor: second.next ?? undefined });
  expect(third.next).toBeNull();
  expect([...first.data, ...second.data, ...third.data].toSorted((a, b) => a - b)).toEqual(upTo(130));
});

test('an empty list has an empty page, and an invalid cursor is refused', async () => {
  expect(await page(store, list('nothing'), { limit: 10 })).toEqual({ data: [], next: null });
  for (const cursor of ['0', '-1', 'x', '1e9', '99999999999']) {
    await expect(page(store, list('nothing'), { limit: 10, cursor })).rejects.toMatchObject({ kind: 'invalid' });
  }
});

const MINUTE = 60_000;
const minute = (minutes: number) => new Date(Date.UTC(2030, 0, 1, 0, minutes));

function deadlinesOf(name: string, doubtMs = 0) {
  const ran: string[] = [];
  const failing = new Set<string>();
  const again = new Map<string, number>();
  const deadlines = createDeadlines({
    store,
    name,
    due: async (id) => {
      if (failing.has(id)) throw new Error('not now');
      ran.push(id);
      return again.get(id);
    },
    doubtMs,
  });
  const schedule = (id: string, time: Date) =>
    store.transact([], (docs) => ({ write: deadlines.schedule(docs, id, time), result: undefined }));
  return { ran, schedule, drain: deadlines.drain, failing, again };
}

test('a deadline runs when its minute is over, and only once', async () => {
  const { ran, schedule, drain } = deadlinesOf('once');
  await drain(minute(0));
  await Promise.all([schedule('a', minute(1)), schedule('b', minute(1)), schedule('c', minute(3))]);
  await drain(new Date(minute(1).getTime() + MINUTE / 2));
  expect(ran).toEqual([]);
  await drain(minute(2));
  expect(ran.toSorted()).toEqual(['a', 'b']);
  await drain(minute(2));
  await drain(minute(4));
  expect(ran.toSorted()).toEqual(['a', 'b', 'c']);
});

test('downtime loses no deadline, and many deadlines in one minute all run', async () => {
  const { ran, schedule, drain } = deadlinesOf('downtime');
  await drain(minute(0));
  await Promise.all(Array.from({ length: 1_200 }, (_, i) => schedule(`id-${i}`, minute(7))));
  await drain(minute(3 * 24 * 60));
  await drain(minute(3 * 24 * 60)); // the first drain after three days doubts the clock
  expect(new Set(ran).size).toBe(1_200);
  expect(ran).toHaveLength(1_200);
}, 30_000);

test('a deadline that fails is retried until it succeeds, and blocks no other', async () => {
  const { ran, schedule, drain, failing } = deadlinesOf('failing');
  await drain(minute(0));
  await Promise.all([schedule('a', minute(1)), schedule('b', minute(1)), schedule('c', minute(3))]);
  failing.add('a');
  await expect(drain(minute(5))).rejects.toMatchObject({ cause: { message: 'not now' } });
  expect(ran.toSorted()).toEqual(['b', 'c']);
  await expect(drain(minute(7))).rejects.toMatchObject({ cause: { message: 'not now' } });
  failing.clear();
  await drain(minute(9));
  await drain(minute(11));
  expect(ran.toSorted()).toEqual(['a', 'b', 'c']);
});

test('a deadline that is due again runs once at that time, even if several replicas drain', async () => {
  const { ran, schedule, drain, again } = deadlinesOf('again');
  await drain(minute(0));
  await schedule('a', minute(1));
  again.set('a', 5 * MINUTE);
  await Promise.all([drain(minute(2)), drain(minute(2)), drain(minute(2))]);
  const first = ran.length;
  await drain(minute(6));
  expect(ran).toHaveLength(first);
  again.clear();
  await drain(minute(9));
  await drain(minute(30));
  expect(ran).toHaveLength(first + 1);
});

test('a deadline for a minute that was already drained runs in the next drain', async () => {
  const { ran, schedule, drain } = deadlinesOf('past');
  await drain(minute(10));
  await Promise.all([schedule('long ago', minute(2)), schedule('just now', minute(9)), schedule('now', minute(10))]);
  await drain(minute(11));
  expect(ran.toSorted()).toEqual(['just now', 'long ago', 'now']);
});

test('a clock that is a day ahead runs nothing early and stops nothing, while another replica drains', async () => {
  const { ran, schedule, drain } = deadlinesOf('ahead', 50);
  const ahead = deadlinesOf('ahead', 50);
  await drain(minute(0));
  await schedule('a', minute(5));
  for (let n = 1; n <= 5; n++) {
    await drain(minute(n));
    await ahead.drain(minute(24 * 60 + n));
  }
  expect([ran, ahead.ran]).toEqual([[], []]);
  await drain(minute(6));
  expect(ran).toEqual(['a']);
});

test('a clock that was a day ahead on the only replica is corrected, and loses no deadline', async () => {
  const { ran, schedule, drain } = deadlinesOf('corrected');
  await drain(minute(24 * 60));
  await schedule('a', minute(5));
  await drain(minute(6));
  await drain(minute(6));
  expect(ran).toEqual(['a']);
});
