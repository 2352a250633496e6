import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '@sidecart/runner/until';
import { createPasswords } from '../../src/accounts/hashing.js';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';

const MANY = 30;
const places = Array.from({ length: MANY }, (_, n) => ({ 'x-forwarded-for': `203.0.113.${n}` }));

/** Hashes slowly, and lets hardly anyone wait. */
let identity: Identity;
beforeAll(async () => {
  identity = await startIdentity({ PASSWORD_QUEUE: '2', PASSWORD_PASSES: '100', REGISTRATIONS_PER_PLACE: '5' });
  await identity.register('ann@example.com');
});
afterAll(() => identity.close());

const register = (n: number, headers: Record<string, string>) =>
  identity.request('POST', '/api/auth/register', { email: `person-${n}@example.com`, password: PASSWORD, name: 'Ann' }, { headers });

describe('before anything is hashed', () => {
  test('any number of wrong codes for a reset are refused', async () => {
    const proof = { email: 'ann@example.com', code: '000000' };
    await identity.request('POST', '/api/auth/password-reset', { email: proof.email });
    const answers = await Promise.all(
      places.map((headers) =>
        identity.request('POST', '/api/auth/password-reset/confirm', { ...proof, password: 'a newer horse' }, { headers }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(places.map(() => 400));
  });

  test('registrations over the limit are refused without waiting', async () => {
    const place = { 'x-forwarded-for': '192.0.2.77' };
    for (let n = 0; n < 5; n++) expect((await register(1_000 + n, place)).status).toBe(202);
    const answers = await Promise.all(places.map((_, n) => register(2_000 + n, place)));
    expect(answers.map(({ status }) => status)).toEqual(places.map(() => 429));
  });
});

describe('with separate lanes', () => {
  test('a crowd that registers without pause delays no sign-in', async () => {
    const enough = new AbortController();
    let refused = 0;
    async function registerOnAndOn(first: number): Promise<void> {
      for (let n = first; !enough.signal.aborted; n += MANY) {
        const { status } = await register(n, { 'x-forwarded-for': `2001:db8:0:${n.toString(16)}::1` });
        if (status === 503) refused++;
      }
    }
    const crowd = Promise.all(Array.from({ length: MANY }, (_, n) => registerOnAndOn(n)));
    await until('the lane of new passwords is full', 5, async () => refused > 0);
    const answers = [];
    for (let n = 0; n < 5; n++) answers.push((await identity.login('ann@example.com')).status);
    enough.abort();
    await crowd;
    expect(answers).toEqual([200, 200, 200, 200, 200]);
  });

  test('an outdated hash is renewed in the lane of sign-ins', async () => {
    const passwords = createPasswords({ memoryKiB: 1_024, passes: 30, maxWaiting: 1, atOnce: 1 });
    const setting = Promise.allSettled(Array.from({ length: 5 }, () => passwords.hash(PASSWORD)));
    expect(await passwords.rehash(PASSWORD)).toMatch(/^\$argon2id/);
    expect((await setting).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected']);
  });
});
