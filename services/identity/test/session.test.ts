import { expect, test } from '@jest/globals';
import { begin, isCurrent, newSecret, presented, refreshToken, rotate, REST_SECONDS } from '../src/sessions/session.js';

const start = new Date('2026-05-01T12:00:00Z');
const later = (seconds: number) => new Date(start.getTime() + seconds * 1_000);
const from = { address: '192.0.2.1', agent: 'a phone' };
const session = begin({ id: 'session-1', userId: 'ann', secret: 'first', secondFactor: false, ...from }, start);

test('a refresh token names its session and carries its secret', () => {
  const secret = newSecret();
  expect(presented(refreshToken(session, secret))).toEqual({ sessionId: 'session-1', secret });
});

test('the newest secret makes the next one the newest, and the session may rest anew', () => {
  const next = rotate(session, 'first', 'second', from, later(60));
  expect(next).toMatchObject({ id: 'session-1', userId: 'ann', createdAt: start.toISOString() });
  expect(next?.expiresAt).toBe(later(60 + REST_SECONDS).toISOString());
  expect(next && isCurrent(next, 'second', later(61))).toBe(true);
  expect(next && isCurrent(next, 'first', later(61))).toBe(false);
});

test('any other secret is refused', () => {
  expect(rotate(session, 'second', 'third', from, later(60))).toBeUndefined();
});

test('the newest secret is refused once the session has rested too long', () => {
  expect(rotate(session, 'first', 'second', from, later(REST_SECONDS - 1))).toBeDefined();
  expect(rotate(session, 'first', 'second', from, later(REST_SECONDS))).toBeUndefined();
});
