import { expect, test } from '@jest/globals';
import { batched } from '../src/dapr/batched.js';

/** A function that resolves when the test says, and records its inputs. */
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

const tick = () => new Promise((resolve) => setImmediate(resolve));

test('callers of one tick share a call, and those that come during it share the next', async () => {
  const { calls, finish, run } = slowCall();
  const ask = batched(run);
  const first = [ask(1), ask(2)];
  await tick();
  const second = [ask(3), ask(4), ask(5)];
  await tick();
  expect(calls).toEqual([[1, 2]]);
  finish[0]?.();
  expect(await Promise.all(first)).toEqual([10, 20]);
  await tick();
  expect(calls).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
  finish[1]?.();
  expect(await Promise.all(second)).toEqual([30, 40, 50]);
});

test('no call has more inputs than the maximum', async () => {
  const { calls, finish, run } = slowCall();
  const ask = batched(run, { max: 2 });
  const all = Promise.all([ask(1), ask(2), ask(3)]);
  await tick();
  finish[0]?.();
  await tick();
  finish[1]?.();
  expect(await all).toEqual([10, 20, 30]);
  expect(calls).toEqual([[1, 2], [3]]);
});

test('a failed call rejects its callers only, and the next call runs', async () => {
  const { finish, run } = slowCall();
  const ask = batched(run);
  const lost = ask(1);
  await tick();
  finish[0]?.(new Error('away'));
  await expect(lost).rejects.toThrow('away');
  const next = ask(2);
  await tick();
  finish[1]?.();
  expect(await next).toBe(20);
});

test('a wrong number of outputs is an error, so no caller gets the output of another', async () => {
  const ask = batched(async () => [1]);
  const asked = [ask(1), ask(2)];
  for (const each of asked) await expect(each).rejects.toThrow('a batch of 2 inputs has 1 outputs');
});

test('a caller that has waited too long is refused in time, and its input is never sent', async () => {
  const { calls, finish, run } = slowCall();
  const ask = batched(run, { patienceMs: 50 });
  const first = ask(1);
  await tick();
  const second = ask(2);
  await expect(Promise.race([first, second])).rejects.toMatchObject({ kind: 'unavailable', slug: 'busy' });
  await expect(second).rejects.toMatchObject({ slug: 'busy' });
  const third = ask(3);
  finish[0]?.();
  await tick();
  finish[1]?.();
  expect(await third).toBe(30);
  expect(calls).toEqual([[1], [3]]);
});

test('a caller that finds too many waiting is refused at once', async () => {
  const { finish, run } = slowCall();
  const ask = batched(run, { max: 1, maxWaiting: 2 });
  const sent = ask(1);
  await tick();
  const waiting = [ask(2), ask(3)];
  await expect(ask(4)).rejects.toMatchObject({ kind: 'unavailable', slug: 'busy' });
  for (const n of [0, 1, 2]) {
    finish[n]?.();
    await tick();
  }
  expect(await Promise.all([sent, ...waiting])).toEqual([10, 20, 30]);
});
