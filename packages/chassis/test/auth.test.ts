import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { AUDIENCE, ISSUER, TOKEN_TYPE, type JwkSet } from '@sidecart/contracts/access-token';
import { until } from '@sidecart/runner/until';
import jwt from 'jsonwebtoken';
import { createVerifier, type VerifierOptions } from '../src/http/auth.js';

/** Identity with these keys, which can go away. */
function identityWith(...kids: string[]) {
  const made = new Map<string, { jwk: JwkSet['keys'][number]; privateKey: KeyObject }>();
  const identity = {
    asked: 0,
    away: false,
    kids,
    token(kid: string, { typ = TOKEN_TYPE, ...change }: { typ?: string; iss?: string; aud?: string | undefined } = {}): string {
      const who = {
        sub: 'ann',
        role: 'customer',
        permissions: [],
        email: 'ann@example.com',
        name: 'Ann',
        verified: true,
        sid: 'session-1',
      };
      const claims = { ...who, iss: ISSUER, aud: AUDIENCE, ...change };
      return jwt.sign(claims, key(kid).privateKey, { algorithm: 'ES256', keyid: kid, header: { alg: 'ES256', typ }, expiresIn: 60 });
    },
    verifier: (options: Omit<VerifierOptions, 'keySet'> = {}) => createVerifier({ ...options, keySet }),
  };

  function key(kid: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const known = made.get(kid) ?? { jwk: { ...publicKey.export({ format: 'jwk' }), kid, kty: 'EC' }, privateKey };
    made.set(kid, known);
    return known;
  }

  async function keySet(): Promise<JwkSet> {
    identity.asked++;
    if (identity.away) throw new Error('nobody there');
    return { keys: identity.kids.map((kid) => key(kid).jwk) };
  }

  return identity;
}

const refused = expect.objectContaining({ kind: 'unauthenticated', slug: 'invalid-token' });
const unavailable = expect.objectContaining({ kind: 'unavailable', slug: 'keys-unavailable', extras: { retryAfter: 1 } });

describe('a token signed with a good key', () => {
  test.each([
    ['for another audience', { aud: 'another shop' }],
    ['without an audience', { aud: undefined }],
    ['of another issuer', { iss: 'another shop' }],
    ['of another type', { typ: 'JWT' }],
  ])('is refused %s', async (_what, change) => {
    const identity = identityWith('one');
    await expect(identity.verifier()(identity.token('one', change))).rejects.toEqual(refused);
  });

  test.each(['at+jwt', 'AT+JWT', 'application/at+jwt'])('is accepted with the type %s', async (typ) => {
    const identity = identityWith('one');
    expect(await identity.verifier()(identity.token('one', { typ }))).toEqual({
      id: 'ann',
      role: 'customer',
      permissions: [],
      email: 'ann@example.com',
      name: 'Ann',
      verified: true,
      sessionId: 'session-1',
    });
  });
});

test('asks for the keys once, however many tokens come', async () => {
  const identity = identityWith('one');
  const verify = identity.verifier();
  await Promise.all(Array.from({ length: 50 }, () => verify(identity.token('one'))));
  expect((await verify(identity.token('one'))).id).toBe('ann');
  expect(identity.asked).toBe(1);
});

test('a flood of unknown key ids asks identity once in a while, and refuses no token of a known key', async () => {
  const identity = identityWith('one');
  const verify = identity.verifier({ reloadMs: 10 * 60_000 });
  const answers = await Promise.allSettled(
    Array.from({ length: 1_000 }, (_, n) => verify(n % 2 ? identity.token('one') : identity.token('forged'))),
  );
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(500);
  await expect(verify(identity.token('forged'))).rejects.toEqual(refused);
  expect(identity.asked).toBe(1);
});

test('takes a token of a new key as soon as it may ask again, flood or not', async () => {
  const identity = identityWith('one');
  const verify = identity.verifier({ reloadMs: 50 });
  await verify(identity.token('one'));
  identity.kids = ['two', 'one'];
  await until('the new key is known', 2, async () => {
    await verify(identity.token('forged')).catch(() => undefined);
    return verify(identity.token('two')).then(
      () => true,
      () => false,
    );
  });
  expect((await verify(identity.token('one'))).id).toBe('ann');
});

test('goes on with the keys that it has while identity is away, and cannot tell of others', async () => {
  const identity = identityWith('one');
  const verify = identity.verifier({ reloadMs: 0, maxAgeMs: 0 });
  await verify(identity.token('one'));
  identity.away = true;
  for (let n = 0; n < 5; n++) expect((await verify(identity.token('one'))).id).toBe('ann');
  await expect(verify(identity.token('two'))).rejects.toEqual(unavailable);
});

test('says that it cannot tell, and not that the token is bad, while it never had keys', async () => {
  const identity = identityWith('one');
  identity.away = true;
  const verify = identity.verifier();
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => verify(identity.token('one'))));
  for (const answer of answers) expect(answer).toEqual({ status: 'rejected', reason: unavailable });
  await expect(verify(identity.token('one'))).rejects.toEqual(unavailable);
  expect(identity.asked).toBe(1);
  await expect(verify('rubbish')).rejects.toEqual(refused);
  identity.away = false;
  await until('the keys are loaded', 5, () =>
    verify(identity.token('one')).then(
      () => true,
      () => false,
    ),
  );
});

test('forgets a key that identity has dropped', async () => {
  const identity = identityWith('two', 'stolen');
  const verify = identity.verifier({ maxAgeMs: 0, reloadMs: 0 });
  await verify(identity.token('stolen'));
  identity.kids = ['two'];
  await until('the stolen key is refused', 2, () =>
    verify(identity.token('stolen')).then(
      () => false,
      () => true,
    ),
  );
  expect((await verify(identity.token('two'))).id).toBe('ann');
});

test.each([
  ['a payload that is not JSON', 'eyJ0eXAiOiJKV1QifQ.YQ.AA'],
  ['a header that is not JSON', 'YQ.YQ.AA'],
  ['a header that is null', 'bnVsbA.e30.AA'],
  ['a key id that is not a string', `${Buffer.from('{"alg":"ES256","kid":{}}').toString('base64url')}.e30.AA`],
  ['no signature algorithm', `${Buffer.from('{"alg":"none","kid":"one"}').toString('base64url')}.e30.`],
  ['nothing', ''],
  ['dots', '..'],
])('refuses a token with %s', async (_what, token) => {
  await expect(identityWith('one').verifier()(token)).rejects.toEqual(refused);
});
