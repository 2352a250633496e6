import { expect, test } from '@jest/globals';
import { begin, newSecret, presented, refreshToken, rotate, REST_SECONDS, wasGivenLately, type Session } from '../src/sessions/session.js';

const start = new Date('2026-05-01T12:00:00Z');
const later = (seconds: number) => new Date(start.getTime() + seconds * 1_000);
const from = { address: '192.0.2.1', agent: 'a phone' };
const DAYS = 90;
const session = begin({ id: 'session-1', userId: 'ann', secret: 'first', secondFactor: false, days: DAYS, ...from }, start);

test('a refresh token names its session and carries its secret', () => {
  const secret = newSecret();
  expect(presented(refreshToken(session, secret))).toEqual({ sessionId: 'session-1', secret });
});

const rotated = (before: Session, secret: string, at: Date, salt = newSecret()) => {
  const next = rotate(before, { secret, salt, days: DAYS, from }, at);
  if (!next) throw new Error('refused');
  return next;
};

test('the newest secret makes the next one the newest, and the session may rest anew', () => {
  const { session: next, secret } = rotated(session, 'first', later(60));
  expect(next).toMatchObject({ id: 'session-1', userId: 'ann', createdAt: start.toISOString() });
  expect(next.expiresAt).toBe(later(60 + REST_SECONDS).toISOString());
  expect(rotated(next, secret, later(61)).session).not.toBe(next);
  expect(rotated(next, 'first', later(61)).session).toBe(next);
  expect(JSON.stringify(next)).not.toContain(secret);
});

test('the secret before gives the same next one for ten seconds, and nothing after', () => {
  const { session: next, secret } = rotated(session, 'first', later(60));
  expect(rotated(next, 'first', later(69))).toEqual({ session: next, secret });
  expect(rotate(next, { secret: 'first', salt: newSecret(), days: DAYS, from }, later(70))).toBeUndefined();
});

test('a secret that is two behind gives nothing, however new it is', () => {
  const second = rotated(session, 'first', later(60));
  const third = rotated(second.session, second.secret, later(61));
  expect(rotate(third.session, { secret: 'first', salt: newSecret(), days: DAYS, from }, later(62))).toBeUndefined();
});

test('the next secret cannot be told from the one before alone', () => {
  expect(rotated(session, 'first', later(60)).secret).not.toBe(rotated(session, 'first', later(60)).secret);
});

test('any other secret is refused', () => {
  expect(rotate(session, { secret: 'second', salt: 'third', days: DAYS, from }, later(60))).toBeUndefined();
});

test('the newest secret is refused once the session has rested too long', () => {
  expect(rotate(session, { secret: 'first', salt: 'second', days: DAYS, from }, later(REST_SECONDS - 1))).toBeDefined();
  expect(rotate(session, { secret: 'first', salt: 'second', days: DAYS, from }, later(REST_SECONDS))).toBeUndefined();
});

const DAY = 24 * 60 * 60;

test('a session ends after its lifetime, however often it is refreshed', () => {
  let [kept, secret] = [session, 'first'];
  for (let day = 20; day < DAYS; day += 20) ({ session: kept, secret } = rotated(kept, secret, later(day * DAY)));
  expect(kept.expiresAt).toBe(later(DAYS * DAY).toISOString());
  expect(rotate(kept, { secret, salt: 'salt', days: DAYS, from }, later(DAYS * DAY - 1))).toBeDefined();
  expect(rotate(kept, { secret, salt: 'salt', days: DAYS, from }, later(DAYS * DAY))).toBeUndefined();
});

test('a shorter lifetime counts for sessions that began before it was set', () => {
  expect(rotate(session, { secret: 'first', salt: 'salt', days: 1, from }, later(DAY))).toBeUndefined();
});

test('the newest secret and the one before it are recognized at any time, and no older one', () => {
  const second = rotated(session, 'first', later(60));
  const third = rotated(second.session, second.secret, later(61));
  expect([third.secret, second.secret, 'first', 'another'].map((secret) => wasGivenLately(third.session, secret))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
