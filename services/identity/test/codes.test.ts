import { describe, expect, test } from '@jest/globals';
import { CODE_SECONDS, guessed, newCode, newSecrets, proves, type Code } from '../src/codes/code.js';

const start = new Date('2026-05-01T12:00:00Z');
const later = (seconds: number) => new Date(start.getTime() + seconds * 1_000);
const secrets = newSecrets();
const code = newCode({ purpose: 'verify-email', holder: 'ann', target: 'ann@example.com' }, secrets, start);
const { digits, link } = secrets;
const wrong = digits === '000000' ? '000001' : '000000';

test('a code is six digits, and its link has a secret that nobody guesses', () => {
  expect(Array.from({ length: 50 }, () => newSecrets().digits).every((each) => /^\d{6}$/.test(each))).toBe(true);
  expect(Buffer.from(link, 'base64url')).toHaveLength(32);
});

test('both prove it, for a quarter of an hour', () => {
  for (const proof of [{ digits }, { link }]) {
    expect(proves(code, proof, later(CODE_SECONDS - 1))).toBe(true);
    expect(proves(code, proof, later(CODE_SECONDS))).toBe(false);
  }
});

test('what is kept holds neither', () => {
  for (const secret of [digits, link]) expect(JSON.stringify(code)).not.toContain(secret);
});

test('the same digits are kept in another form each time', () => {
  const again = newCode(code, { ...newSecrets(), digits }, start);
  expect(again.digitsHash).not.toBe(code.digitsHash);
});

describe('a code is bound to', () => {
  const others: [string, Partial<Code>][] = [
    ['its purpose', { purpose: 'reset-password' }],
    ['its holder', { holder: 'eve' }],
    ['the address that it was sent to', { target: 'eve@example.com' }],
  ];
  test.each(others)('%s', (_what, change) => {
    for (const proof of [{ digits }, { link }]) expect(proves({ ...code, ...change }, proof, start)).toBe(false);
  });
});

test('five wrong guesses end the digits, and leave the link', () => {
  let left = code;
  for (let n = 0; n < 5; n++) {
    expect(proves(left, { digits }, start)).toBe(true);
    left = guessed(left, { digits: wrong });
  }
  expect(proves(left, { digits }, start)).toBe(false);
  expect(proves(left, { link }, start)).toBe(true);
});
