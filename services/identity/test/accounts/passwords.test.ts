import { expect, test } from '@jest/globals';
import { createPasswords } from '../../src/accounts/hashing.js';

const cheap = { memoryKiB: 1_024, passes: 1, maxWaiting: 10 };

test('a password matches its own hash and no other', async () => {
  const passwords = createPasswords(cheap);
  const hash = await passwords.hash('correct horse');
  expect(hash).not.toBe(await passwords.hash('correct horse'));
  expect(await passwords.matches('correct horse', hash)).toBe(true);
  expect(await passwords.matches('wrong horse', hash)).toBe(false);
  expect(await passwords.matches('correct horse', undefined)).toBe(false);
});

test('hashes at the cost of the settings', async () => {
  expect(await createPasswords({ ...cheap, memoryKiB: 2_048, passes: 3 }).hash('correct horse')).toMatch(
    /^\$argon2id\$v=19\$m=2048,p=1,t=3\$/,
  );
});

test('refuses requests when too many wait, and serves the others', async () => {
  const passwords = createPasswords({ ...cheap, atOnce: 1, maxWaiting: 2 });
  const answers = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.hash('correct horse')));
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
  expect(answers[3]).toMatchObject({ reason: { kind: 'unavailable', extras: { retryAfter: 1 } } });
  const later = await Promise.allSettled(Array.from({ length: 3 }, () => passwords.matches('correct horse', undefined)));
  expect(later.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
});

test('frees the slot of a hash that fails', async () => {
  const passwords = createPasswords({ ...cheap, atOnce: 1, maxWaiting: 1 });
  const answers = await Promise.allSettled([passwords.matches('correct horse', 'no hash'), passwords.hash('correct horse')]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(await passwords.matches('correct horse', undefined)).toBe(false);
});

test('hashes without blocking the event loop', async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await createPasswords({ memoryKiB: 19_456, passes: 10, maxWaiting: 1 }).hash('correct horse');
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});

test('considers a hash of a lower cost outdated, and none of the same or a higher cost', async () => {
  const passwords = createPasswords({ ...cheap, memoryKiB: 2_048, passes: 2 });
  const outdated = async (memoryKiB: number, passes: number) =>
    passwords.isOutdated(await createPasswords({ ...cheap, memoryKiB, passes }).hash('correct horse'));
  expect([await outdated(1_024, 2), await outdated(2_048, 1), await outdated(1_024, 3)]).toEqual([true, true, true]);
  expect([await outdated(2_048, 2), await outdated(4_096, 2), await outdated(2_048, 3)]).toEqual([false, false, false]);
});
