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

async function walk(of: List<number>, limit: number): Promise<number[]> {
  const found: number[] = [];
  for (let cursor: string | undefined | null; cursor !== null;) {
    const { data, next }: Page<number> = await page(store, of, { limit, cursor });
    expect(data).toHaveLength(next === null ? data.length : limit);
    found.push(...data);
    cursor = next;
  }
  return found;
}

test.each([1, 7, 49, 50, 51, 100, 137])('a list of %i entries is walked newest first, whatever the page', async (count) => {
  const numbers = list<number>('numbers', count);
  for (let n = 1; n <= count;) {
    const some = upTo(count).slice(n - 1, n + 28);
    await store.transact([numbers.at], (docs) => ({ write: append(docs, numbers, ...some), result: undefined }));
    n += some.length;
  }
  for (const limit of [1, 10, 50, 64, 100]) expect(await walk(numbers, limit)).toEqual(upTo(count).toReversed());
});

test('entries that are added at once, and while a list is walked, are neither lost nor repeated', async () => {
  const numbers = list<number>('at once');
  const add = (n: number) => store.transact([numbers.at], (docs) => ({ write: append(docs, numbers, n), result: undefined }));
  await Promise.all(upTo(130).map(add));
  const first = await page(store, numbers, { limit: 60 });
  await add(131);
  const second = await page(store, numbers, { limit: 60, cursor: first.next ?? undefined });
  const third = await page(store, numbers, { limit: 60, cursor: second.next ?? undefined });
  expect(third.next).toBeNull();
  expect([...first.data, ...second.data, ...third.data].toSorted((a, b) => a - b)).toEqual(upTo(130));
});

test('an empty list has an empty page, and a made-up cursor is refused', async () => {
  expect(await page(store, list('nothing'), { limit: 10 })).toEqual({ data: [], next: null });
  for (const cursor of ['0', '-1', 'x', '1e9', '99999999999']) {
    await expect(page(store, list('nothing'), { limit: 10, cursor })).rejects.toMatchObject({ kind: 'invalid' });
  }
});

const MINUTE = 60_000;
const at = (minutes: number) => new Date(Date.UTC(2030, 0, 1, 0, minutes));

function deadlinesOf(name: string, doubtMs = 0) {
  const ran: string[] = [];
  const broken = new Set<string>();
  const again = new Map<string, number>();
  const deadlines = createDeadlines({
    store,
    name,
    due: async (id) => {
      if (broken.has(id)) throw new Error('not now');
      ran.push(id);
      return again.get(id);
    },
    doubtMs,
  });
  const note = (id: string, when: Date) => store.transact([], (docs) => ({ write: deadlines.note(docs, id, when), result: undefined }));
  return { ran, note, drain: deadlines.drain, broken, again };
}

test('what is due runs once its minute is over, and only once', async () => {
  const { ran, note, drain } = deadlinesOf('once');
  await drain(at(0));
  await Promise.all([note('a', at(1)), note('b', at(1)), note('c', at(3))]);
  await drain(new Date(at(1).getTime() + MINUTE / 2));
  expect(ran).toEqual([]);
  await drain(at(2));
  expect(ran.toSorted()).toEqual(['a', 'b']);
  await drain(at(2));
  await drain(at(4));
  expect(ran.toSorted()).toEqual(['a', 'b', 'c']);
});

test('no downtime loses a deadline, and many in one minute all run', async () => {
  const { ran, note, drain } = deadlinesOf('downtime');
  await drain(at(0));
  await Promise.all(Array.from({ length: 1_200 }, (_, i) => note(`id-${i}`, at(7))));
  await drain(at(3 * 24 * 60));
  await drain(at(3 * 24 * 60)); // the first drain after three days doubts its clock
  expect(new Set(ran).size).toBe(1_200);
  expect(ran).toHaveLength(1_200);
}, 30_000);

test('what fails is tried again, as often as it takes, and blocks nothing else', async () => {
  const { ran, note, drain, broken } = deadlinesOf('failing');
  await drain(at(0));
  await Promise.all([note('a', at(1)), note('b', at(1)), note('c', at(3))]);
  broken.add('a');
  await expect(drain(at(5))).rejects.toMatchObject({ cause: { message: 'not now' } });
  expect(ran.toSorted()).toEqual(['b', 'c']);
  await expect(drain(at(7))).rejects.toMatchObject({ cause: { message: 'not now' } });
  broken.clear();
  await drain(at(9));
  await drain(at(11));
  expect(ran.toSorted()).toEqual(['a', 'b', 'c']);
});

test('what is to run again does so that much later, once, however many drain at the same time', async () => {
  const { ran, note, drain, again } = deadlinesOf('again');
  await drain(at(0));
  await note('a', at(1));
  again.set('a', 5 * MINUTE);
  await Promise.all([drain(at(2)), drain(at(2)), drain(at(2))]);
  const first = ran.length;
  await drain(at(6));
  expect(ran).toHaveLength(first);
  again.clear();
  await drain(at(9));
  await drain(at(30));
  expect(ran).toHaveLength(first + 1);
});

test('what is noted for a minute that was drained already runs in the next drain', async () => {
  const { ran, note, drain } = deadlinesOf('past');
  await drain(at(10));
  await Promise.all([note('long ago', at(2)), note('just now', at(9)), note('now', at(10))]);
  await drain(at(11));
  expect(ran.toSorted()).toEqual(['just now', 'long ago', 'now']);
});

test('a clock that is a day ahead runs nothing early, and stops nothing, while another replica drains', async () => {
  const { ran, note, drain } = deadlinesOf('ahead', 50);
  const ahead = deadlinesOf('ahead', 50);
  await drain(at(0));
  await note('a', at(5));
  for (let minute = 1; minute <= 5; minute++) {
    await drain(at(minute));
    await ahead.drain(at(24 * 60 + minute));
  }
  expect([ran, ahead.ran]).toEqual([[], []]);
  await drain(at(6));
  expect(ran).toEqual(['a']);
});

test('a clock that was a day ahead while it was alone is corrected, and loses no deadline', async () => {
  const { ran, note, drain } = deadlinesOf('corrected');
  await drain(at(24 * 60));
  await note('a', at(5));
  await drain(at(6));
  await drain(at(6));
  expect(ran).toEqual(['a']);
});
