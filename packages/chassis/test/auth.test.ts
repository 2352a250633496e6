import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { AUDIENCE, ISSUER, TOKEN_TYPE, type JwkSet } from '@sidecart/contracts/access-token';
import { until } from '@sidecart/runner/until';
import jwt from 'jsonwebtoken';
import { createVerifier, type VerifierOptions } from '../src/http/auth.js';

/** A fake identity with these keys, which can become unavailable. */
function identityWith(...kids: string[]) {
  const pairs = new Map<string, { jwk: JwkSet['keys'][number]; privateKey: KeyObject }>();
  const identity = {
    loads: 0,
    isAway: false,
    kids,
    token(kid: string, { typ = TOKEN_TYPE, ...change }: { typ?: string; iss?: string; aud?: string | undefined } = {}): string {
      const user = {
        sub: 'ann',
        role: 'customer',
        permissions: [],
        email: 'ann@example.com',
        name: 'Ann',
        verified: true,
        sid: 'session-1',
      };
      const claims = { ...user, iss: ISSUER, aud: AUDIENCE, ...change };
      return jwt.sign(claims, key(kid).privateKey, { algorithm: 'ES256', keyid: kid, header: { alg: 'ES256', typ }, expiresIn: 60 });
    },
    verifier: (options: Omit<VerifierOptions, 'keySet'> = {}) => createVerifier({ ...options, keySet }),
  };

  function key(kid: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pair = pairs.get(kid) ?? { jwk: { ...publicKey.export({ format: 'jwk' }), kid, kty: 'EC' }, privateKey };
    pairs.set(kid, pair);
    return pair;
  }

  async function keySet(): Promise<JwkSet> {
    identity.loads++;
    if (identity.isAway) throw new Error('no response');
    return { keys: identity.kids.map((kid) => key(kid).jwk) };
  }

  return identity;
}

const refused = expect.objectContaining({ kind: 'unauthenticated', slug: 'invalid-token' });
const unavailable = expect.objectContaining({ kind: 'unavailable', slug: 'keys-unavailable', extras: { retryAfter: 1 } });

describe('a token signed with a valid key', () => {
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

test('loads the keys once for many tokens at the same time', async () => {
  const identity = identityWith('one');
  const verify = identity.verifier();
  await Promise.all(Array.from({ length: 50 }, () => verify(identity.token('one'))));
  expect((await verify(identity.token('one'))).id).toBe('ann');
  expect(identity.loads).toBe(1);
});

test('limits loads for unknown key ids, and accepts tokens of known keys in the meantime', async () => {
  const identity = identityWith('one');
  const verify = identity.verifier({ reloadMs: 10 * 60_000 });
  const answers = await Promise.allSettled(
    Array.from({ length: 1_000 }, (_, n) => verify(n % 2 ? identity.token('one') : identity.token('forged'))),
  );
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(500);
  await expect(verify(identity.token('forged'))).rejects.toEqual(refused);
  expect(identity.loads).toBe(1);
});

test('accepts a token of a new key after the next load, even during a flood of unknown key ids', async () => {
  const identity = identityWith('one');
  const verify = identity.verifier({ reloadMs: 50 });
  await verify(identity.token('one'));
  identity.kids = ['two', 'one'];
  await until('the new key is loaded', 2, async () => {
    await verify(identity.token('forged')).catch(() => undefined);
    return verify(identity.token('two')).then(
      () => true,
      () => false,
    );
  });
  expect((await verify(identity.token('one'))).id).toBe('ann');
});

test('uses its loaded keys while identity is unavailable, and cannot verify other tokens', async () => {
  const identity = identityWith('one');
  const verify = identity.verifier({ reloadMs: 0, maxAgeMs: 0 });
  await verify(identity.token('one'));
  identity.isAway = true;
  for (let n = 0; n < 5; n++) expect((await verify(identity.token('one'))).id).toBe('ann');
  await expect(verify(identity.token('two'))).rejects.toEqual(unavailable);
});

test('replies unavailable, and not that the token is invalid, before it has loaded any keys', async () => {
  const identity = identityWith('one');
  identity.isAway = true;
  const verify = identity.verifier();
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => verify(identity.token('one'))));
  for (const answer of answers) expect(answer).toEqual({ status: 'rejected', reason: unavailable });
  await expect(verify(identity.token('one'))).rejects.toEqual(unavailable);
  expect(identity.loads).toBe(1);
  await expect(verify('rubbish')).rejects.toEqual(refused);
  identity.isAway = false;
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
