import { expect, test } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { register } from '../../src/accounts/user.js';
import { createKeys } from '../../src/keys/keys.js';
import { SigningKeys } from '../../src/keys/settings.js';
import { aKey } from '../identity.js';

const LEAD_MS = 60_000;
const ann = register(
  { id: 'ann', email: 'ann@example.com', name: 'Ann', role: 'customer', locale: 'en', passwordHash: undefined, verified: true },
  new Date(),
);
const [first, second, third] = [aKey('first'), aKey('second'), aKey('third')];
const setOf = (...keys: unknown[]) => SigningKeys.parse(JSON.stringify({ keys }));

function start(...keys: unknown[]) {
  let now = 0;
  const made = createKeys(setOf(...keys), { lookMs: 0, leadMs: LEAD_MS }, () => now);
  return {
    ...made,
    pass: (ms: number) => void (now += ms),
    signing: () => jwt.decode(made.accessToken(ann, 'session-1'), { complete: true })?.header.kid,
    published: () => made.keySet().keys.map(({ kid }) => kid),
  };
}

test('the only key signs immediately', () => {
  expect(start(first).signing()).toBe('first');
});

test('a new key is published immediately, and signs once every verifier can have loaded it', () => {
  const keys = start(first);
  keys.pass(5 * LEAD_MS);
  keys.replace(setOf(second, first));
  expect([keys.published(), keys.signing()]).toEqual([['second', 'first'], 'first']);
  keys.pass(LEAD_MS - 1);
  keys.replace(setOf(second, first));
  expect(keys.signing()).toBe('first');
  keys.pass(1);
  expect([keys.published(), keys.signing()]).toEqual([['second', 'first'], 'second']);
});

test('after a start the previous key signs first, since the newest may not be loaded everywhere', () => {
  const keys = start(second, first);
  expect(keys.signing()).toBe('first');
  keys.pass(LEAD_MS);
  expect(keys.signing()).toBe('second');
});

test('two keys that are added together both wait', () => {
  const keys = start(first);
  keys.pass(LEAD_MS);
  keys.replace(setOf(third, second, first));
  expect(keys.signing()).toBe('first');
  keys.pass(LEAD_MS);
  expect(keys.signing()).toBe('third');
});

test('a removed key neither signs nor verifies any more', () => {
  const keys = start(first);
  keys.replace(setOf(second));
  expect([keys.published(), keys.signing()]).toEqual([['second'], 'second']);
});
