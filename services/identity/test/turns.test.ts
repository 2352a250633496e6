import { expect, test } from '@jest/globals';
import { DomainError } from '@sidecart/chassis/errors';
import { createTurns } from '../src/turns.js';

const refusal = () => new DomainError('unavailable', 'busy', 'Busy.');

/** Tasks that end on request. */
function someWork() {
  const started: string[] = [];
  const ends = new Map<string, (failure?: Error) => void>();
  const work = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      started.push(name);
      ends.set(name, (failure) => (failure ? reject(failure) : resolve(name)));
    });
  const end = async (name: string, failure?: Error) => {
    ends.get(name)?.(failure);
    await new Promise(setImmediate);
  };
  return { started, work, end };
}

test('runs no more concurrent tasks than allowed, and starts waiting ones in order', async () => {
  const { started, work, end } = someWork();
  const lane = createTurns(2).lane(10, refusal);
  const done = Promise.all(['a', 'b', 'c', 'd'].map((name) => lane(work(name))));
  expect(started).toEqual(['a', 'b']);
  await end('b');
  expect(started).toEqual(['a', 'b', 'c']);
  for (const name of ['a', 'c', 'd']) await end(name);
  expect(await done).toEqual(['a', 'b', 'c', 'd']);
});

test('a crowd in one lane does not hold up another', async () => {
  const { started, work, end } = someWork();
  const turns = createTurns(1);
  const [crowded, quiet] = [turns.lane(10, refusal), turns.lane(10, refusal)];
  const crowd = ['c1', 'c2', 'c3', 'c4', 'c5'].map((name) => crowded(work(name)));
  const others = ['q1', 'q2'].map((name) => quiet(work(name)));
  for (const name of ['c1', 'q1', 'c2', 'q2', 'c3', 'c4', 'c5']) {
    expect(started.at(-1)).toBe(name);
    await end(name);
  }
  await Promise.all([...crowd, ...others]);
});

test('refuses a task for a full lane, and accepts one for another lane', async () => {
  const { work, end } = someWork();
  const turns = createTurns(1);
  const [full, free] = [turns.lane(1, refusal), turns.lane(1, refusal)];
  const accepted = [full(work('a')), full(work('b')), free(work('c'))];
  await expect(full(work('d'))).rejects.toEqual(refusal());
  for (const name of ['a', 'c', 'b']) await end(name);
  expect(await Promise.all(accepted)).toEqual(['a', 'b', 'c']);
});

test('frees the slot of a task that fails', async () => {
  const { work, end } = someWork();
  const lane = createTurns(1).lane(1, refusal);
  const failing = lane(work('a'));
  const next = lane(work('b'));
  const failed = expect(failing).rejects.toThrow('broken');
  await end('a', new Error('broken'));
  await failed;
  await end('b');
  expect(await next).toBe('b');
  const last = lane(work('c'));
  await end('c');
  expect(await last).toBe('c');
});
