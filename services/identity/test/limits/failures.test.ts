import { describe, expect, test } from '@jest/globals';
import { placeOf } from '../../src/client.js';
import { isFamiliar, withLogin, type Logins } from '../../src/sign-in/history.js';
import { countFailure, secondsToWait, type Failures } from '../../src/limits/failures.js';

const now = new Date('2026-05-01T12:00:00Z');
const after = (failures: number): Failures | undefined =>
  Array.from({ length: failures }).reduce<Failures | undefined>((tries) => countFailure(tries, 'pair', now), undefined);

test.each([
  [0, 0],
  [4, 0],
  [5, 4],
  [6, 8],
  [7, 16],
  [10, 128],
  [12, 512],
  [13, 900],
  [1_000, 900],
])('after %d failures the wait is %d s', (failures, seconds) => {
  expect(secondsToWait(after(failures), now)).toBe(seconds);
});

test('a wait ends', () => {
  expect(secondsToWait(after(6), new Date(now.getTime() + 7_999))).toBe(1);
  expect(secondsToWait(after(6), new Date(now.getTime() + 8_000))).toBe(0);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('%s belongs to the place %s', (address, place) => {
  expect(placeOf(address)).toBe(place);
});

describe('the history of sign-ins', () => {
  const none: Logins = { recent: [], familiar: [] };
  const phone = { address: '192.0.2.1', agent: 'a phone' };
  const stranger = { address: '198.51.100.7', agent: 'a script' };

  test('counts repeated attempts in one entry, so they do not push out others', () => {
    let logins = withLogin(none, 'signed-in', phone, now);
    for (let n = 0; n < 1_000; n++) logins = withLogin(logins, 'wrong-password', stranger, now);
    expect(logins.recent).toEqual([
      { at: now.toISOString(), outcome: 'wrong-password', ...stranger, times: 1_000 },
      { at: now.toISOString(), outcome: 'signed-in', ...phone, times: 1 },
    ]);
  });

  test('is bounded, and keeps the places where the owner signed in', () => {
    let logins = withLogin(none, 'signed-in', phone, now);
    for (let n = 0; n < 200; n++) logins = withLogin(logins, 'wrong-password', { ...stranger, address: `198.51.100.${n}` }, now);
    expect(logins.recent).toHaveLength(50);
    expect([isFamiliar(logins, phone), isFamiliar(logins, { ...stranger, address: '198.51.100.9' })]).toEqual([true, false]);
  });

  test('does not treat a place as familiar after a failure', () => {
    for (const outcome of ['wrong-password', 'wrong-second-factor', 'second-factor-needed', 'refused'] as const)
      expect(isFamiliar(withLogin(none, outcome, stranger, now), stranger)).toBe(false);
  });
});
