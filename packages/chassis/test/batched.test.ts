import { expect, test } from '@jest/globals';
import { batched } from '../src/dapr/batched.js';

/** A call that answers when told, and remembers what it was asked. */
function slowCall() {
  const calls: number[][] = [];
  const finish: ((error?: Error) => void)[] = [];
  const run = (inputs: number[]) =>
    new Promise<number[]>((resolve, reject) => {
      calls.push(inputs);
      finish.push((error) => (error ? reject(error) : resolve(inputs.map((n) => n * 10))));
    });
  return { calls, finish, run };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('callers of one tick share a call, and those that come meanwhile share the next', async () => {
  const { calls, finish, run } = slowCall();
  const ask = batched(run);
  const first = [ask(1), ask(2)];
  await turn();
  const second = [ask(3), ask(4), ask(5)];
  await turn();
  expect(calls).toEqual([[1, 2]]);
  finish[0]?.();
  expect(await Promise.all(first)).toEqual([10, 20]);
  await turn();
  expect(calls).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
  finish[1]?.();
  expect(await Promise.all(second)).toEqual([30, 40, 50]);
});

test('no call carries more than the maximum', async () => {
  const { calls, finish, run } = slowCall();
  const ask = batched(run, { max: 2 });
  const all = Promise.all([ask(1), ask(2), ask(3)]);
  await turn();
  finish[0]?.();
  await turn();
  finish[1]?.();
  expect(await all).toEqual([10, 20, 30]);
  expect(calls).toEqual([[1, 2], [3]]);
});

test('a call that fails fails for its callers, and the next goes on', async () => {
  const { finish, run } = slowCall();
  const ask = batched(run);
  const lost = ask(1);
  await turn();
  finish[0]?.(new Error('away'));
  await expect(lost).rejects.toThrow('away');
  const next = ask(2);
  await turn();
  finish[1]?.();
  expect(await next).toBe(20);
});

test('an answer of the wrong length is an error, not a mix-up', async () => {
  const ask = batched(async () => [1]);
  const both = [ask(1), ask(2)];
  for (const each of both) await expect(each).rejects.toThrow('a batch of 2 was answered with 1');
});

test('a caller that waited too long is refused in time, and its input is never sent', async () => {
  const { calls, finish, run } = slowCall();
  const ask = batched(run, { patienceMs: 50 });
  const first = ask(1);
  await turn();
  const second = ask(2);
  await expect(Promise.race([first, second])).rejects.toMatchObject({ kind: 'unavailable', slug: 'busy' });
  await expect(second).rejects.toMatchObject({ slug: 'busy' });
  const third = ask(3);
  finish[0]?.();
  await turn();
  finish[1]?.();
  expect(await third).toBe(30);
  expect(calls).toEqual([[1], [3]]);
});

test('a caller that finds too many waiting is refused at once', async () => {
  const { finish, run } = slowCall();
  const ask = batched(run, { max: 1, maxWaiting: 2 });
  const sent = ask(1);
  await turn();
  const waiting = [ask(2), ask(3)];
  await expect(ask(4)).rejects.toMatchObject({ kind: 'unavailable', slug: 'busy' });
  for (const n of [0, 1, 2]) {
    finish[n]?.();
    await turn();
  }
  expect(await Promise.all([sent, ...waiting])).toEqual([10, 20, 30]);
});
