import { createPrivateKey, createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { put } from '@sidecart/chassis/state';
import { ISSUER, TOKEN_TYPE } from '@sidecart/contracts/access-token';
import jwt from 'jsonwebtoken';
import { sessionKey } from '../../src/sessions/store.js';
import { aKey, signingKeys, startIdentity, type Identity } from '../identity.js';

let identity: Identity;
let serial = 0;
beforeAll(async () => void (identity = await startIdentity()));
afterAll(() => identity.close());

const someone = async () => (await identity.register(`person-${serial++}@example.com`)).body;
const logout = (refreshToken: string) => identity.request('POST', '/api/auth/logout', { refreshToken });
const verify = (accessToken: string) => identity.request('POST', '/api/auth/token/verify', { accessToken });

/** Moves the last refresh more than ten seconds into the past. */
async function pass(accessToken: string): Promise<void> {
  const key = sessionKey(sid(accessToken));
  await identity.store.transact([key], (docs) => {
    const session = docs.get(key);
    const previous = session?.previous && { ...session.previous, until: new Date().toISOString() };
    return { write: session && previous ? [put(key, { ...session, previous })] : [], result: undefined };
  });
}

describe('refreshing', () => {
  test('returns new tokens for the same session', async () => {
    const first = await someone();
    const { status, body } = await identity.refresh(first.refreshToken);
    expect([status, body.user]).toEqual([200, first.user]);
    expect(body.refreshToken).not.toBe(first.refreshToken);
    expect(sid(body.accessToken)).toBe(sid(first.accessToken));
    expect((await identity.withToken(body.accessToken, 'GET', '/api/users/me')).status).toBe(200);
    expect((await identity.refresh(body.refreshToken)).status).toBe(200);
  });

  test('puts changes of the account into the new token', async () => {
    const { accessToken, refreshToken } = await someone();
    await identity.withToken(accessToken, 'PATCH', '/api/users/me', { name: 'Bea' });
    expect(jwt.decode((await identity.refresh(refreshToken)).body.accessToken)).toMatchObject({ name: 'Bea' });
  });

  test.each([1, 3])('ends the session when a token is used again %d refreshes later', async (age) => {
    const { accessToken, refreshToken } = await someone();
    let newest = refreshToken;
    for (let i = 0; i < age; i++) newest = (await identity.refresh(newest)).body.refreshToken;
    await pass(accessToken);
    const again = await identity.refresh(refreshToken);
    expect([again.status, again.body.type]).toEqual([401, 'https://sidecart.dev/problems/invalid-refresh-token']);
    expect((await identity.refresh(newest)).status).toBe(401);
  });

  test('ends no other session of the person', async () => {
    const first = await someone();
    const second = (await identity.login(first.user.email)).body;
    await identity.refresh(first.refreshToken);
    await pass(first.accessToken);
    expect((await identity.refresh(first.refreshToken)).status).toBe(401);
    expect((await identity.refresh(second.refreshToken)).status).toBe(200);
  });

  test('returns the same next token to concurrent requests, so two windows do not end the session', async () => {
    const { refreshToken } = await someone();
    const answers = await Promise.all(Array.from({ length: 10 }, () => identity.refresh(refreshToken)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    const [next, ...others] = new Set(answers.map(({ body }) => body.refreshToken));
    expect(others).toEqual([]);
    expect((await identity.refresh(next)).status).toBe(200);
  });

  test('ends the session as soon as both a thief and the owner have used the next token', async () => {
    const { accessToken, refreshToken } = await someone();
    const [owner, thief] = [await identity.refresh(refreshToken), await identity.refresh(refreshToken)];
    expect(thief.body.refreshToken).toBe(owner.body.refreshToken);
    const { body } = await identity.refresh(owner.body.refreshToken);
    await pass(accessToken);
    expect((await identity.refresh(thief.body.refreshToken)).status).toBe(401);
    expect((await identity.refresh(body.refreshToken)).status).toBe(401);
  });

  test('ends a session that has reached its lifetime, without reporting a stolen token', async () => {
    const { accessToken, refreshToken } = await someone();
    const key = sessionKey(sid(accessToken));
    await identity.store.transact([key], (docs) => {
      const session = docs.get(key);
      const createdAt = new Date(Date.now() - 90 * 24 * 60 * 60 * 1_000).toISOString();
      return { write: session ? [put(key, { ...session, createdAt })] : [], result: undefined };
    });
    expect((await identity.refresh(refreshToken)).body.type).toBe('https://sidecart.dev/problems/invalid-refresh-token');
    expect(await identity.store.read(key)).toBeUndefined();
    expect(identity.published.filter(({ type, subject }) => type === 'user.refresh_token_reused' && subject === sid(accessToken))).toEqual(
      [],
    );
  });

  test('stores no token', async () => {
    const { accessToken, refreshToken } = await someone();
    const stored = await identity.store.read(sessionKey(sid(accessToken)));
    expect(JSON.stringify(stored)).not.toContain(refreshToken.split('.')[1]);
  });

  test('refuses a made-up token', async () => {
    const forged = `${crypto.randomUUID()}.${'A'.repeat(43)}`;
    expect((await identity.refresh(forged)).status).toBe(401);
    expect((await identity.refresh('nonsense')).body).toMatchObject({ status: 400, errors: [{ field: 'refreshToken' }] });
  });
});

describe('signing out', () => {
  test('ends the session, and succeeds if it has ended', async () => {
    const { accessToken, refreshToken } = await someone();
    expect((await verify(accessToken)).status).toBe(200);
    expect((await logout(refreshToken)).status).toBe(204);
    expect((await logout(refreshToken)).status).toBe(204);
    expect((await identity.refresh(refreshToken)).status).toBe(401);
    expect((await verify(accessToken)).body).toMatchObject({ status: 401, title: 'Session ended' });
  });

  test.each(['within', 'after'])('ends the session with the previous token, %s its ten seconds', async (when) => {
    const { accessToken, refreshToken } = await someone();
    const { body } = await identity.refresh(refreshToken);
    if (when === 'after') await pass(accessToken);
    expect((await logout(refreshToken)).status).toBe(204);
    expect((await identity.refresh(body.refreshToken)).status).toBe(401);
  });

  test('does nothing for an older or a made-up token', async () => {
    const { accessToken, refreshToken } = await someone();
    const second = (await identity.refresh(refreshToken)).body;
    const third = (await identity.refresh(second.refreshToken)).body;
    expect((await logout(refreshToken)).status).toBe(204);
    expect((await logout(`${sid(accessToken)}.${'A'.repeat(43)}`)).status).toBe(204);
    expect((await identity.refresh(third.refreshToken)).status).toBe(200);
  });
});

describe('access tokens', () => {
  test('identify their holder', async () => {
    const { user, accessToken } = await someone();
    expect((await verify(accessToken)).body).toEqual({ userId: user.id, role: 'customer', sessionId: sid(accessToken) });
  });

  test('have a type and an audience', async () => {
    const { user, accessToken } = await someone();
    expect(jwt.decode(accessToken, { complete: true })).toMatchObject({
      header: { alg: 'ES256', typ: 'at+jwt' },
      payload: { iss: 'sidecart', aud: 'sidecart', sub: user.id },
    });
  });

  const header = { alg: 'ES256', typ: TOKEN_TYPE };
  const [newest, older] = signingKeys.map((key) => createPrivateKey({ key, format: 'jwk' }));
  const claims = (accessToken: string) => {
    const { exp: _exp, iat: _iat, ...rest } = jwt.decode(accessToken, { json: true }) ?? {};
    return rest;
  };

  test('of an older key are valid until they expire', async () => {
    const { user, accessToken } = await someone();
    const signed = jwt.sign(claims(accessToken), older ?? '', { algorithm: 'ES256', keyid: 'older', header, expiresIn: '1m' });
    expect((await identity.withToken(signed, 'GET', '/api/users/me')).body).toEqual(user);
  });

  const forgeries: Record<string, (accessToken: string) => string> = {
    'with a role edited': (token) => {
      const [header, , signature] = token.split('.');
      return [header, base64({ ...jwt.decode(token, { json: true }), role: 'admin' }), signature].join('.');
    },
    'with alg none': (token) => `${base64({ alg: 'none', typ: TOKEN_TYPE, kid: 'newest' })}.${token.split('.')[1]}.`,
    'with another key': (token) => {
      const key = createPrivateKey({ key: aKey('newest'), format: 'jwk' });
      return jwt.sign(claims(token), key, { algorithm: 'ES256', keyid: 'newest', header, expiresIn: '1m' });
    },
    'with the public key as a shared secret': (token) => {
      const pem = createPublicKey(newest ?? '').export({ type: 'spki', format: 'der' });
      return jwt.sign(claims(token), pem, { algorithm: 'HS256', keyid: 'newest', header: { ...header, alg: 'HS256' }, expiresIn: '1m' });
    },
    'with an unknown key id': (token) =>
      jwt.sign(claims(token), newest ?? '', { algorithm: 'ES256', keyid: 'lost', header, expiresIn: '1m' }),
    'of another issuer': (token) =>
      jwt.sign({ ...claims(token), iss: `not ${ISSUER}` }, newest ?? '', { algorithm: 'ES256', keyid: 'newest', header, expiresIn: '1m' }),
    'for another audience': (token) =>
      jwt.sign({ ...claims(token), aud: 'another shop' }, newest ?? '', { algorithm: 'ES256', keyid: 'newest', header, expiresIn: '1m' }),
    'of another type': (token) =>
      jwt.sign(claims(token), newest ?? '', { algorithm: 'ES256', keyid: 'newest', header: { ...header, typ: 'JWT' }, expiresIn: '1m' }),
    'that has expired': (token) => jwt.sign(claims(token), newest ?? '', { algorithm: 'ES256', keyid: 'newest', header, expiresIn: '-1s' }),
    'that is no token': () => 'a.b.c',
  };

  test.each(Object.entries(forgeries))('%s are refused', async (_name, forge) => {
    const { accessToken } = await someone();
    const forged = forge(accessToken);
    const { status, headers, body } = await identity.withToken(forged, 'GET', '/api/users/me');
    expect([status, headers.get('www-authenticate'), body.type]).toEqual([401, 'Bearer', 'https://sidecart.dev/problems/invalid-token']);
    expect((await verify(forged)).status).toBe(401);
  });
});

function sid(accessToken: string): string {
  return String(jwt.decode(accessToken, { json: true })?.['sid']);
}

function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
