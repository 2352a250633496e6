import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { put } from '@sidecart/chassis/state';
import { until } from '@sidecart/runner/until';
import type { Answer } from '@sidecart/testing/app';
import { placeOf } from '../../src/client.js';
import { createPasswords } from '../../src/accounts/hashing.js';
import { userByEmail, userKey } from '../../src/accounts/store.js';
import { failuresKey, type Kind } from '../../src/limits/failures.js';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';

let identity: Identity;
let serial = 0;
beforeAll(async () => void (identity = await startIdentity()));
afterAll(() => identity.close());

const aPlace = () => `198.51.${Math.floor(++serial / 250)}.${serial % 250}`;
const from = (address: string, agent = 'a test') => ({ 'x-forwarded-for': address, 'user-agent': agent });

interface Owner {
  email: string;
  home: string;
  accessToken: string;
  login: (address: string, password?: string) => Promise<Answer>;
}

/** A person who has signed in from home. */
async function anOwner(): Promise<Owner> {
  const [email, home] = [`owner-${++serial}@example.com`, aPlace()];
  const { body } = await identity.register(email, from(home));
  return { email, home, accessToken: body.accessToken, login: (address, password) => identity.login(email, password, from(address)) };
}

async function failing(times: number, login: (n: number) => Promise<Answer>): Promise<void> {
  for (let n = 0; n < times; n++) expect((await login(n)).status).toBe(401);
}

/** Ends a wait. */
async function waitPasses(kind: Kind, ...who: string[]): Promise<void> {
  const failures = failuresKey(kind, ...who);
  await identity.store.transact([failures], (docs) => {
    const tries = docs.get(failures);
    return { write: tries ? [put(failures, { ...tries, until: new Date(0).toISOString() })] : [], result: undefined };
  });
}

const refused = ({ status, headers, body }: Answer) => ({
  status,
  type: String(body.type).split('/').at(-1),
  wait: Number(headers.get('retry-after')),
});

describe('someone who guesses the password of one account', () => {
  test('waits longer with each failure, and cannot use even the right password meanwhile', async () => {
    const { email, login } = await anOwner();
    const place = aPlace();
    await failing(5, () => login(place, 'wrong horse'));
    expect(refused(await login(place))).toEqual({ status: 429, type: 'too-many-tries', wait: expect.any(Number) });
    await waitPasses('pair', email, placeOf(place));
    await failing(1, () => login(place, 'wrong horse'));
    expect(refused(await login(place)).wait).toBeGreaterThan(4);
    await waitPasses('pair', email, placeOf(place));
    expect((await login(place)).status).toBe(200);
    await failing(5, () => login(place, 'wrong horse'));
  });

  test('is counted even if the guesses are concurrent', async () => {
    const { login } = await anOwner();
    const place = aPlace();
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => login(place, `wrong ${n}`)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(35);
  });

  test('does not lock the owner out, whether from one place or from many', async () => {
    const { email, home, login } = await anOwner();
    const guesses = await Promise.all(Array.from({ length: 60 }, (_, n) => login(aPlace(), `wrong ${n}`)));
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(20);
    expect(refused(await login(aPlace())).status).toBe(429);
    expect((await login(home)).status).toBe(200);
    await waitPasses('account', email);
    expect((await login(aPlace())).status).toBe(200);
  });

  test('cannot tell from the waits whether there is an account', async () => {
    const place = aPlace();
    const nobody = (n: number) => identity.login('not-there@example.com', `wrong ${n}`, from(place));
    await failing(5, nobody);
    expect(refused(await nobody(5))).toEqual({ status: 429, type: 'too-many-tries', wait: expect.any(Number) });
  });
});

test('slows down someone who tries one password on many accounts, and no owner', async () => {
  const place = aPlace();
  const { home, login } = await anOwner();
  await failing(50, (n) => identity.login(`victim-${n}@example.com`, PASSWORD, from(place)));
  expect(refused(await login(place)).status).toBe(429);
  expect((await login(home)).status).toBe(200);
});

test('ignores the addresses that a client claims to come from', async () => {
  const { login } = await anOwner();
  const place = aPlace();
  await failing(5, (n) => login(`203.0.113.${n}, ${place}`, 'wrong horse'));
  expect((await login(`203.0.113.99, ${place}`)).status).toBe(429);
});

test('shows the owner every attempt with its outcome, time and place', async () => {
  const { email, home, accessToken } = await anOwner();
  const place = aPlace();
  await identity.login(email, 'wrong horse', from(place, 'a script'));
  await identity.login(email, 'wrong horse', from(place, 'a script'));
  await identity.login(email, PASSWORD, from(home, 'a phone'));
  const { body } = await identity.withToken(accessToken, 'GET', '/api/users/me/logins');
  const at = expect.any(String);
  expect(body.data).toEqual([
    { at, outcome: 'signed-in', address: home, agent: 'a phone', times: 1 },
    { at, outcome: 'wrong-password', address: place, agent: 'a script', times: 2 },
    { at, outcome: 'signed-in', address: home, agent: 'a test', times: 1 },
  ]);
  expect((await identity.request('GET', '/api/users/me/logins')).status).toBe(401);
});

test('rehashes a password on the next sign-in if the cost was raised', async () => {
  const { email, login, home } = await anOwner();
  const user = await userByEmail(identity.store, email);
  if (!user) throw new Error('no account');
  const passwords = createPasswords({ memoryKiB: 512, passes: 1, maxWaiting: 1 });
  const cheaper = await passwords.hash(PASSWORD);
  await identity.store.transact([userKey(user.id)], () => ({
    write: [put(userKey(user.id), { ...user, passwordHash: cheaper })],
    result: undefined,
  }));
  await login(home, 'wrong horse');
  expect((await userByEmail(identity.store, email))?.passwordHash).toBe(cheaper);
  expect((await login(home)).status).toBe(200);
  const renewed = (await userByEmail(identity.store, email))?.passwordHash;
  expect(renewed).toMatch(/^\$argon2id\$v=19\$m=1024,p=1,t=1\$/);
  expect((await login(home)).status).toBe(200);
  expect((await userByEmail(identity.store, email))?.passwordHash).toBe(renewed);
});

test('takes as long for an unknown email address as for a wrong password', async () => {
  const real = await startIdentity({ PASSWORD_MEMORY_KIB: '8192', PASSWORD_PASSES: '1' });
  try {
    await real.request('POST', '/api/auth/register', { email: 'known@example.com', password: PASSWORD, name: 'Ann' });
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
    const timed = async (who: 'known' | 'unknown', n: number) => {
      const start = performance.now();
      // Waits are removed, so that only the time of the hashes is compared.
      const { status } = await real.login(`${who}@example.com`, `wrong ${n}`, from(`2001:db8:${who.length}:${n}::1`));
      times[who].push(performance.now() - start);
      expect(status).toBe(401);
      for (const email of ['known', 'unknown'])
        await real.store.transact([failuresKey('account', `${email}@example.com`)], () => ({
          write: [put(failuresKey('account', `${email}@example.com`), { failures: 0, until: new Date(0).toISOString() })],
          result: undefined,
        }));
    };
    for (let n = 0; n < 200; n++)
      for (const who of n % 2 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)) await timed(who, n);
    const [known, unknown] = [median(times.known), median(times.unknown)];
    expect(Math.abs(known - unknown) / Math.max(known, unknown)).toBeLessThan(0.1);
  } finally {
    await real.close();
  }
}, 120_000);

test('handles a flood of sign-ins with waits and refusals', async () => {
  const { login, home } = await anOwner();
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, n) => identity.login(`flood-${n % 30}@example.com`, 'wrong horse', from(aPlace()))),
  );
  expect(answers.every(({ status }) => [401, 429, 503].includes(status))).toBe(true);
  await until('the owner gets in', 5, async () => (await login(home)).status === 200);
});

const median = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
