import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { put } from '@sidecart/chassis/state';
import { until } from '@sidecart/runner/until';
import { userKey } from '../../src/accounts/store.js';
import { challengeKey } from '../../src/sign-in/challenge.js';
import { createAppCodes } from '../../src/two-factor/app-codes.js';
import { newIv } from '../../src/two-factor/encryption.js';
import {
  newRecoveryCodes,
  newSecret,
  twoFactorKey,
  unconfirmed,
  useRecoveryCode,
  useTotp,
  withRecovery,
} from '../../src/two-factor/two-factor.js';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';
import { withTwoFactor as withTwoFactorOf, codeOf, wrong } from '../with-two-factor.js';

let identity: Identity;
let serial = 0;
beforeAll(async () => void (identity = await startIdentity()));
afterAll(() => identity.close());

async function someone() {
  const email = `person-${serial++}@example.com`;
  const { body } = await identity.registerVerified(email);
  const ask = (method: string, path: string, sent?: unknown) => identity.withToken(body.accessToken, method, path, sent);
  return { email, id: String(body.user.id), ask };
}

const withTwoFactor = () => withTwoFactorOf(identity, `person-${serial++}@example.com`);
const challenged = async (email: string): Promise<string> => (await identity.login(email)).body.twoFactor.token;
const verify = (token: string, code: string, method?: string) => identity.request('POST', '/api/auth/2fa/verify', { token, code, method });

describe('setting up two-factor authentication', () => {
  test('returns the secret as text, URL and PNG, and changes nothing until it is confirmed', async () => {
    const { email, ask } = await someone();
    const { status, body } = await ask('POST', '/api/auth/2fa', { password: PASSWORD });
    expect(status).toBe(200);
    expect(body.otpauthUrl).toContain(`otpauth://totp/Sidecart:${encodeURIComponent(email)}`);
    expect(body.otpauthUrl).toContain(`secret=${body.secret}`);
    const png = Buffer.from(String(body.qr).replace('data:image/png;base64,', ''), 'base64');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect((await identity.login(email)).body.accessToken).toEqual(expect.any(String));
    expect((await ask('GET', '/api/auth/2fa')).body).toEqual({ on: false, recoveryCodesLeft: 0 });
  });

  test('needs a verified email address, so others cannot lock its owner out', async () => {
    const { body } = await identity.register(`unverified-${serial++}@example.com`);
    const answer = await identity.withToken(body.accessToken, 'POST', '/api/auth/2fa', { password: PASSWORD });
    expect([answer.status, answer.body.title]).toEqual([403, 'Address not verified']);
  });

  test('needs the password', async () => {
    const { ask } = await someone();
    for (const [method, path] of [
      ['POST', '/api/auth/2fa'],
      ['POST', '/api/auth/2fa/recovery-codes'],
      ['DELETE', '/api/auth/2fa'],
    ] as const)
      expect((await ask(method, path, { password: 'wrong horse' })).body).toMatchObject({ status: 403, title: 'Wrong password' });
  });

  test('is confirmed with a code from the app, notifies the owner, and stores the secret encrypted and the recovery codes hashed', async () => {
    const { id, ask } = await someone();
    const { body: setup } = await ask('POST', '/api/auth/2fa', { password: PASSWORD });
    expect((await ask('POST', '/api/auth/2fa/confirm', { code: wrong(codeOf(setup.secret)) })).status).toBe(400);
    const { body } = await ask('POST', '/api/auth/2fa/confirm', { code: codeOf(setup.secret) });
    expect(new Set(body.recoveryCodes).size).toBe(10);
    expect((await ask('GET', '/api/auth/2fa')).body).toEqual({ on: true, recoveryCodesLeft: 10 });
    const stored = JSON.stringify(await identity.store.read(twoFactorKey(id)));
    expect(stored).toContain('encryptedSecret');
    expect(stored).not.toContain(setup.secret);
    for (const code of body.recoveryCodes) expect(stored).not.toContain(code.replaceAll('-', ''));
    await until('it is published', 5, async () =>
      identity.published.some(({ type, data }) => type === 'user.two_factor_changed' && JSON.stringify(data).includes(id)),
    );
    expect(JSON.stringify(identity.published)).not.toContain(setup.secret);
    for (const path of ['/api/auth/2fa', '/api/auth/2fa/confirm'])
      expect((await ask('POST', path, path.endsWith('2fa') ? { password: PASSWORD } : { code: '123456' })).status).toBe(409);
  });

  test('is undone with the password and a code, and then one factor is enough', async () => {
    const { email, ask, secret } = await withTwoFactor();
    expect((await ask('DELETE', '/api/auth/2fa', { password: PASSWORD, code: codeOf(secret) })).status).toBe(204);
    expect((await ask('DELETE', '/api/auth/2fa', { password: PASSWORD })).status).toBe(204);
    expect((await identity.login(email)).body.accessToken).toEqual(expect.any(String));
  });
});

describe('signing in with two factors', () => {
  test('gives no tokens for the password alone', async () => {
    const { email } = await withTwoFactor();
    const { status, body } = await identity.login(email);
    expect([status, body]).toEqual([200, { twoFactor: { token: expect.any(String), methods: ['totp', 'recovery'] } }]);
    expect((await identity.refresh(body.twoFactor.token)).status).toBe(401);
  });

  test('is completed with a code from the app, and merges the guest cart', async () => {
    const { email, secret } = await withTwoFactor();
    const { body } = await identity.login(email, PASSWORD, { 'x-cart-session-id': 'guest-2fa' });
    const signedIn = await verify(body.twoFactor.token, codeOf(secret));
    expect([signedIn.status, signedIn.body.user.email]).toEqual([200, email]);
    await until('the cart comes along', 5, async () => identity.published.some(({ data }) => JSON.stringify(data).includes('guest-2fa')));
    expect((await verify(body.twoFactor.token, codeOf(secret))).status).toBe(401);
  });

  test('accepts no code from the app twice', async () => {
    const { email, secret } = await withTwoFactor();
    const code = codeOf(secret);
    const [one, other] = [await challenged(email), await challenged(email)];
    const answers = await Promise.all([verify(one, code), verify(other, code)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400]);
  });

  test('accepts each recovery code once, in any spelling', async () => {
    const { email, ask, recoveryCodes } = await withTwoFactor();
    const [first = '', second = '', third = ''] = recoveryCodes;
    expect((await verify(await challenged(email), first.toUpperCase(), 'recovery')).status).toBe(200);
    expect((await verify(await challenged(email), first, 'recovery')).status).toBe(400);
    expect((await ask('GET', '/api/auth/2fa')).body.recoveryCodesLeft).toBe(9);
    const { body } = await ask('POST', '/api/auth/2fa/recovery-codes', { password: PASSWORD, code: second });
    expect((await verify(await challenged(email), third, 'recovery')).status).toBe(400);
    expect((await verify(await challenged(email), body.recoveryCodes[1], 'recovery')).status).toBe(200);
  });

  test('ends after five wrong codes, and slows down someone who starts again each time', async () => {
    const { email, secret } = await withTwoFactor();
    const token = await challenged(email);
    const guesses = [];
    for (let n = 0; n < 5; n++) guesses.push((await verify(token, wrong(codeOf(secret)))).status);
    expect(guesses).toEqual([400, 400, 400, 400, 400]);
    expect((await verify(token, codeOf(secret))).status).toBe(401);
    const next = await challenged(email);
    for (let n = 0; n < 5; n++) await verify(next, wrong(codeOf(secret)));
    const slowed = await verify(await challenged(email), codeOf(secret));
    expect([slowed.status, Number(slowed.headers.get('retry-after')) > 0]).toEqual([429, true]);
  });

  test('counts concurrent guesses', async () => {
    const { email, secret } = await withTwoFactor();
    const token = await challenged(email);
    const answers = await Promise.all(Array.from({ length: 20 }, () => verify(token, wrong(codeOf(secret)))));
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(15);
  });

  test('is refused after it has expired, and for a made-up token', async () => {
    const { email, secret } = await withTwoFactor();
    const token = await challenged(email);
    const [id = ''] = token.split('.');
    expect((await verify(`${id}.${'A'.repeat(43)}`, codeOf(secret))).status).toBe(401);
    const stored = challengeKey(id);
    await identity.store.transact([stored], (docs) => {
      const challenge = docs.get(stored);
      return { write: challenge ? [put(stored, { ...challenge, expiresAt: new Date().toISOString() })] : [], result: undefined };
    });
    expect((await verify(token, codeOf(secret))).status).toBe(401);
  });
});

describe('if staff need two factors', () => {
  let strict: Identity;
  const admin = ['admin@shop.example', 'only for tests'] as const;
  beforeAll(async () => void (strict = await startIdentity({ STAFF_NEED_TWO_FACTOR: 'true' })));
  afterAll(() => strict.close());

  test('people who have set up none use a code by mail', async () => {
    const { body } = await strict.login(...admin);
    expect(body.twoFactor.methods).toEqual(['email']);
    await strict.request('POST', '/api/auth/2fa/email', { token: body.twoFactor.token });
    const mail = await strict.mailed('second-factor', admin[0]);
    const shown = { token: body.twoFactor.token, method: 'email', code: 'code' in mail ? mail.code : '' };
    const { body: signedIn } = await strict.request('POST', '/api/auth/2fa/verify', shown);
    expect(signedIn.user.role).toBe('admin');
    expect((await strict.refresh(signedIn.refreshToken)).status).toBe(200);
    expect((await strict.withToken(signedIn.accessToken, 'DELETE', '/api/auth/2fa', { password: admin[1] })).body.title).toBe(
      'Two factor needed',
    );
  });

  /**
   * Registers an account that needs a second factor and has no app. Returns a function that starts
   * a sign-in.
   */
  async function clerk(email: string): Promise<() => Promise<string>> {
    const { body } = await strict.register(email);
    const key = userKey(body.user.id);
    await strict.store.transact([key], (docs) => {
      const user = docs.get(key);
      return { write: user ? [put(key, { ...user, role: 'staff' as const })] : [], result: undefined };
    });
    return async () => (await strict.login(email)).body.twoFactor.token;
  }

  const codeTo = async (email: string) => {
    const mail = await strict.mailed('second-factor', email);
    return { method: 'email', code: 'code' in mail ? mail.code : '' };
  };

  test('a code by mail works once, and one a minute is sent', async () => {
    const challenge = await clerk('clerk@example.com');
    const token = await challenge();
    expect((await strict.request('POST', '/api/auth/2fa/email', { token })).status).toBe(202);
    const again = await strict.request('POST', '/api/auth/2fa/email', { token });
    expect([again.status, Number(again.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
    const shown = await codeTo('clerk@example.com');
    expect((await strict.request('POST', '/api/auth/2fa/verify', { token, ...shown })).status).toBe(200);
    expect((await strict.request('POST', '/api/auth/2fa/verify', { token: await challenge(), ...shown })).status).toBe(400);
  });

  test('a code by mail works only for the sign-in that asked for it', async () => {
    const challenge = await clerk('second-clerk@example.com');
    const [asked, other] = [await challenge(), await challenge()];
    await strict.request('POST', '/api/auth/2fa/email', { token: asked });
    const shown = await codeTo('second-clerk@example.com');
    expect((await strict.request('POST', '/api/auth/2fa/verify', { token: other, ...shown })).status).toBe(400);
    expect((await strict.request('POST', '/api/auth/2fa/verify', { token: asked, ...shown })).status).toBe(200);
  });

  test('customers need one', async () => {
    expect((await strict.register('customer@example.com')).body.accessToken).toEqual(expect.any(String));
  });
});

describe('a code from the app', () => {
  const secret = newSecret();
  const factor = unconfirmed('unused');
  const now = new Date('2026-05-01T12:00:10Z');
  const seconds = (n: number) => now.getTime() + n * 1_000;

  test.each([
    [0, true],
    [-30, true],
    [30, true],
    [-60, false],
    [60, false],
  ])('that is %d seconds off is accepted: %s', (away, good) => {
    expect(useTotp(factor, secret, codeOf(secret, seconds(away)), now) !== undefined).toBe(good);
  });

  test('is refused after a later one was used', () => {
    const later = useTotp(factor, secret, codeOf(secret, seconds(30)), now);
    expect(later && useTotp(later, secret, codeOf(secret, seconds(0)), now)).toBeUndefined();
  });
});

describe('the secret of an authenticator app', () => {
  const [old, key] = [randomBytes(32), randomBytes(32)];
  const now = new Date('2026-05-01T12:00:10Z');
  const secret = newSecret();
  const code = codeOf(secret, now.getTime());
  const ann = () => ({ userId: 'ann', iv: newIv() });
  const factor = createAppCodes([old]).propose(ann(), secret);

  test('is encrypted differently each time', () => {
    expect(factor.encryptedSecret).not.toContain(secret);
    expect(createAppCodes([old]).propose(ann(), secret).encryptedSecret).not.toBe(factor.encryptedSecret);
  });

  test('can be read with a newer key in front, and needs only that one once a code was used', () => {
    const left = createAppCodes([key, old]).use(ann(), factor, code, now);
    const next = new Date(now.getTime() + 30_000);
    expect(left && createAppCodes([key]).use(ann(), left, codeOf(secret, next.getTime()), next)).toBeDefined();
    expect(() => left && createAppCodes([old]).use(ann(), left, code, next)).toThrow('cannot be checked');
  });

  const [name, iv, text = '', tag = ''] = factor.encryptedSecret.split('.');
  const changed = (part: string) => (part.startsWith('A') ? 'B' : 'A') + part.slice(1);
  test.each([
    ['without its key', [key], 'ann', factor.encryptedSecret],
    ['for another account', [old], 'bob', factor.encryptedSecret],
    ['after a change', [old], 'ann', [name, iv, changed(text), tag].join('.')],
    ['with another tag', [old], 'ann', [name, iv, text, changed(tag)].join('.')],
    ['if it is truncated', [old], 'ann', [name, iv, text].join('.')],
    ['if it was never encrypted', [old], 'ann', secret],
  ] as const)('cannot be read %s', (_what, keys, userId, encryptedSecret) => {
    const use = () => createAppCodes([...keys]).use({ userId, iv: newIv() }, { ...factor, encryptedSecret }, code, now);
    expect(use).toThrow(expect.objectContaining({ kind: 'unavailable', slug: 'app-codes-unreadable' }));
  });
});

test('without the key a recovery code still signs in, and codes from the app are refused with the reason', async () => {
  const { email, id, secret, recoveryCodes } = await withTwoFactor();
  const [first = ''] = recoveryCodes;
  const stored = twoFactorKey(id);
  const lost = createAppCodes([randomBytes(32)]).propose({ userId: id, iv: newIv() }, secret);
  await identity.store.transact([stored], (docs) => {
    const factor = docs.get(stored);
    return { write: factor ? [put(stored, { ...factor, encryptedSecret: lost.encryptedSecret })] : [], result: undefined };
  });
  const token = await challenged(email);
  expect((await verify(token, codeOf(secret))).body).toMatchObject({ status: 503, title: 'App codes unreadable' });
  expect((await verify(token, first, 'recovery')).status).toBe(200);
});

test('there are ten different recovery codes, and each works once', () => {
  const codes = newRecoveryCodes();
  expect(new Set(codes).size).toBe(10);
  const [first = ''] = codes;
  const left = useRecoveryCode(withRecovery(unconfirmed(newSecret()), codes), first);
  expect(left?.recovery).toHaveLength(9);
  expect(left && useRecoveryCode(left, first)).toBeUndefined();
});
