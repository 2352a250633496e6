import { describe, expect, test } from '@jest/globals';
import { CODE_SECONDS, afterGuess, newCode, newSecrets, matches, type Code } from '../../src/codes/code.js';

const start = new Date('2026-05-01T12:00:00Z');
const later = (seconds: number) => new Date(start.getTime() + seconds * 1_000);
const secrets = newSecrets();
const code = newCode({ purpose: 'verify-email', holder: 'ann', target: 'ann@example.com' }, secrets, start);
const { digits, link } = secrets;
const wrong = digits === '000000' ? '000001' : '000000';

test('has six digits, and a secret for a link that cannot be guessed', () => {
  expect(Array.from({ length: 50 }, () => newSecrets().digits).every((each) => /^\d{6}$/.test(each))).toBe(true);
  expect(Buffer.from(link, 'base64url')).toHaveLength(32);
});

test('matches both for 15 minutes', () => {
  for (const proof of [{ digits }, { link }]) {
    expect(matches(code, proof, later(CODE_SECONDS - 1))).toBe(true);
    expect(matches(code, proof, later(CODE_SECONDS))).toBe(false);
  }
});

test('stores neither', () => {
  for (const secret of [digits, link]) expect(JSON.stringify(code)).not.toContain(secret);
});

test('hashes the same digits differently each time', () => {
  const again = newCode(code, { ...newSecrets(), digits }, start);
  expect(again.digitsHash).not.toBe(code.digitsHash);
});

describe('a code is bound to', () => {
  const others: [string, Partial<Code>][] = [
    ['its purpose', { purpose: 'reset-password' }],
    ['its holder', { holder: 'eve' }],
    ['the target it was sent to', { target: 'eve@example.com' }],
  ];
  test.each(others)('%s', (_what, change) => {
    for (const proof of [{ digits }, { link }]) expect(matches({ ...code, ...change }, proof, start)).toBe(false);
  });
});

test('invalidates the digits after five wrong guesses, but not the link', () => {
  let left = code;
  for (let n = 0; n < 5; n++) {
    expect(matches(left, { digits }, start)).toBe(true);
    left = afterGuess(left, { digits: wrong });
  }
  expect(matches(left, { digits }, start)).toBe(false);
  expect(matches(left, { link }, start)).toBe(true);
});
