import { expect, test } from '@jest/globals';
import {
  newSession,
  newSecret,
  parseToken,
  refreshToken,
  rotate,
  IDLE_SECONDS,
  isRecentSecret,
  type Session,
} from '../../src/sessions/session.js';

const start = new Date('2026-05-01T12:00:00Z');
const later = (seconds: number) => new Date(start.getTime() + seconds * 1_000);
const from = { address: '192.0.2.1', agent: 'a phone' };
const DAYS = 90;
const session = newSession({ id: 'session-1', userId: 'ann', secret: 'first', secondFactor: false, days: DAYS, ...from }, start);

test('a refresh token contains the id and the secret of its session', () => {
  const secret = newSecret();
  expect(parseToken(refreshToken(session, secret))).toEqual({ sessionId: 'session-1', secret });
});

const rotated = (before: Session, secret: string, at: Date, salt = newSecret()) => {
  const next = rotate(before, { secret, salt, days: DAYS, from }, at);
  if (!next) throw new Error('refused');
  return next;
};

test('the newest secret returns the next one and extends the session', () => {
  const { session: next, secret } = rotated(session, 'first', later(60));
  expect(next).toMatchObject({ id: 'session-1', userId: 'ann', createdAt: start.toISOString() });
  expect(next.expiresAt).toBe(later(60 + IDLE_SECONDS).toISOString());
  expect(rotated(next, secret, later(61)).session).not.toBe(next);
  expect(rotated(next, 'first', later(61)).session).toBe(next);
  expect(JSON.stringify(next)).not.toContain(secret);
});

test('the previous secret returns the same next one for ten seconds, and nothing after that', () => {
  const { session: next, secret } = rotated(session, 'first', later(60));
  expect(rotated(next, 'first', later(69))).toEqual({ session: next, secret });
  expect(rotate(next, { secret: 'first', salt: newSecret(), days: DAYS, from }, later(70))).toBeUndefined();
});

test('a secret that is two steps old is refused, even if it is recent', () => {
  const second = rotated(session, 'first', later(60));
  const third = rotated(second.session, second.secret, later(61));
  expect(rotate(third.session, { secret: 'first', salt: newSecret(), days: DAYS, from }, later(62))).toBeUndefined();
});

test('the next secret cannot be derived from the previous one alone', () => {
  expect(rotated(session, 'first', later(60)).secret).not.toBe(rotated(session, 'first', later(60)).secret);
});

test('any other secret is refused', () => {
  expect(rotate(session, { secret: 'second', salt: 'third', days: DAYS, from }, later(60))).toBeUndefined();
});

test('the newest secret is refused once the session was idle for too long', () => {
  expect(rotate(session, { secret: 'first', salt: 'second', days: DAYS, from }, later(IDLE_SECONDS - 1))).toBeDefined();
  expect(rotate(session, { secret: 'first', salt: 'second', days: DAYS, from }, later(IDLE_SECONDS))).toBeUndefined();
});

const DAY = 24 * 60 * 60;

test('a session ends after its lifetime even if it is refreshed', () => {
  let [kept, secret] = [session, 'first'];
  for (let day = 20; day < DAYS; day += 20) ({ session: kept, secret } = rotated(kept, secret, later(day * DAY)));
  expect(kept.expiresAt).toBe(later(DAYS * DAY).toISOString());
  expect(rotate(kept, { secret, salt: 'salt', days: DAYS, from }, later(DAYS * DAY - 1))).toBeDefined();
  expect(rotate(kept, { secret, salt: 'salt', days: DAYS, from }, later(DAYS * DAY))).toBeUndefined();
});

test('a shorter lifetime applies to existing sessions', () => {
  expect(rotate(session, { secret: 'first', salt: 'salt', days: 1, from }, later(DAY))).toBeUndefined();
});

test('the newest and the previous secret are recognized at any time, and no older one', () => {
  const second = rotated(session, 'first', later(60));
  const third = rotated(second.session, second.secret, later(61));
  expect([third.secret, second.secret, 'first', 'another'].map((secret) => isRecentSecret(third.session, secret))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
