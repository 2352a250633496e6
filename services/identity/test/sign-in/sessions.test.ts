import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '@sidecart/runner/until';
import type { Answer } from '@sidecart/testing/app';
import jwt from 'jsonwebtoken';
import { sessionsKey } from '../../src/sessions/store.js';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';
import { withTwoFactor } from '../with-two-factor.js';

let identity: Identity;
let serial = 0;
beforeAll(async () => void (identity = await startIdentity()));
afterAll(() => identity.close());

interface SignedIn {
  user: { id: string; email: string };
  accessToken: string;
  refreshToken: string;
}

const from = (agent: string, address = '192.0.2.1') => ({ 'user-agent': agent, 'x-forwarded-for': address });
const someone = async (): Promise<SignedIn> => (await identity.register(`device-${serial++}@example.com`, from('a phone'))).body;
const again = async ({ user }: SignedIn, agent = 'a laptop'): Promise<SignedIn> =>
  (await identity.login(user.email, PASSWORD, from(agent))).body;
const sid = ({ accessToken }: SignedIn) => String(jwt.decode(accessToken, { json: true })?.['sid']);
const devices = async ({ accessToken }: SignedIn) => (await identity.withToken(accessToken, 'GET', '/api/auth/sessions')).body.data;
const end = (by: SignedIn, id: string, body?: object) => identity.withToken(by.accessToken, 'DELETE', `/api/auth/sessions/${id}`, body);
const endAll = (by: SignedIn, body?: object) => identity.withToken(by.accessToken, 'DELETE', '/api/auth/sessions', body);
const outcome = ({ status, body }: Answer) => [status, body?.type?.split('/').at(-1)];
const isGood = async ({ refreshToken }: SignedIn) => (await identity.refresh(refreshToken)).status === 200;

describe('a session', () => {
  test('is listed, latest first, with its place and when it was last used', async () => {
    const phone = await someone();
    const laptop = await again(phone);
    const at = expect.any(String);
    expect(await devices(phone)).toEqual([
      { id: sid(laptop), createdAt: at, lastUsedAt: at, address: '192.0.2.1', agent: 'a laptop', current: false },
      { id: sid(phone), createdAt: at, lastUsedAt: at, address: '192.0.2.1', agent: 'a phone', current: true },
    ]);
    await identity.request(
      'POST',
      '/api/auth/token/refresh',
      { refreshToken: phone.refreshToken },
      { headers: from('a newer phone', '192.0.2.2') },
    );
    expect((await devices(phone))[1]).toMatchObject({ address: '192.0.2.2', agent: 'a newer phone' });
    expect(JSON.stringify(await devices(phone))).not.toContain('ecret');
  });

  test('can be ended', async () => {
    const phone = await someone();
    const laptop = await again(phone);
    expect((await end(phone, sid(laptop))).status).toBe(204);
    expect((await end(phone, sid(laptop))).status).toBe(404);
    expect([await isGood(laptop), await isGood(phone)]).toEqual([false, true]);
    expect((await devices(phone)).map(({ id }: { id: string }) => id)).toEqual([sid(phone)]);
  });

  test('cannot be ended by anyone else', async () => {
    const [victim, eve] = [await someone(), await someone()];
    expect((await end(eve, sid(victim))).status).toBe(404);
    expect(await isGood(victim)).toBe(true);
    expect((await identity.request('DELETE', '/api/auth/sessions')).status).toBe(401);
  });

  test('can be ended together with all others', async () => {
    const phone = await someone();
    const [laptop, stranger] = [await again(phone), await someone()];
    expect((await identity.withToken(phone.accessToken, 'DELETE', '/api/auth/sessions')).status).toBe(204);
    expect([await isGood(phone), await isGood(laptop), await isGood(stranger)]).toEqual([false, false, true]);
    expect(await identity.store.read(sessionsKey(phone.user.id))).toBeUndefined();
  });

  test('other than the current one needs a recent sign-in or the password to be ended', async () => {
    const phone = await someone();
    const [laptop, tablet] = [await again(phone), await again(phone, 'a tablet')];
    await identity.minutesPass(phone.user.id, 11);
    expect(outcome(await end(phone, sid(laptop)))).toEqual([403, 'recent-sign-in-required']);
    expect(outcome(await endAll(phone))).toEqual([403, 'recent-sign-in-required']);
    expect(outcome(await end(phone, sid(laptop), { password: 'wrong horse' }))).toEqual([403, 'wrong-password']);
    expect([await isGood(laptop), await isGood(tablet)]).toEqual([true, true]);
    expect((await end(phone, sid(laptop), { password: PASSWORD })).status).toBe(204);
    expect((await endAll(phone, { password: PASSWORD })).status).toBe(204);
    expect(await identity.store.read(sessionsKey(phone.user.id))).toBeUndefined();
  });

  test('can always end itself', async () => {
    const phone = await someone();
    const laptop = await again(phone);
    await identity.minutesPass(phone.user.id, 11);
    expect((await end(phone, sid(phone))).status).toBe(204);
    expect([await isGood(phone), await isGood(laptop)]).toEqual([false, true]);
  });

  test('needs one factor to be ended, even with two-factor authentication on', async () => {
    const { ask } = await withTwoFactor(identity, `device-${serial++}@example.com`);
    expect((await ask('DELETE', '/api/auth/sessions')).status).toBe(204);
  });

  test('is one of at most twenty; one more ends the oldest', async () => {
    const first = await someone();
    const others = [];
    for (let n = 1; n < 20; n++) others.push(await again(first, `device ${n}`));
    expect(await devices(first)).toHaveLength(20);
    await again(first, 'one more');
    expect(await devices(first)).toHaveLength(20);
    expect(await isGood(first)).toBe(false);
    const [second] = others;
    expect(second && (await isGood(second))).toBe(true);
  });

  test('is not lost when many start concurrently', async () => {
    const first = await someone();
    await Promise.all(Array.from({ length: 4 }, (_, n) => again(first, `device ${n}`)));
    expect(await devices(first)).toHaveLength(5);
  });
});

test('using a refresh token twice ends only its session, and the owner is notified', async () => {
  const phone = await someone();
  const laptop = await again(phone);
  const { body: next } = await identity.refresh(phone.refreshToken);
  const { body: thief } = await identity.refresh(next.refreshToken);
  expect(await isGood(phone)).toBe(false);
  expect((await identity.refresh(thief.refreshToken)).status).toBe(401);
  expect(await isGood(laptop)).toBe(true);
  const published = await until('it is published', 5, async () =>
    identity.published.find(({ type, subject }) => type === 'user.refresh_token_reused' && subject === sid(phone)),
  );
  expect(published.data).toEqual({ userId: phone.user.id, email: phone.user.email, name: 'Ann', locale: 'en' });
  expect(identity.published.filter(({ subject }) => subject === sid(phone))).toHaveLength(2); // signed in, and reused once
});
