import { createPrivateKey, type KeyObject } from 'node:crypto';
import { AUDIENCE, ISSUER, TOKEN_TYPE, type JwkSet } from '@sidecart/contracts/access-token';
import jwt from 'jsonwebtoken';
import { rights, type User } from '../accounts/user.js';
import type { SigningKeySet } from './settings.js';

export const ACCESS_TOKEN_SECONDS = 15 * 60;

/**
 * The secret store is polled for new keys every `lookMs`. A new key is published for `leadMs`
 * before it signs: by then every replica of identity publishes it, and every verifier may load it.
 */
export const KEY_TIMES = { lookMs: 10_000, leadMs: 60_000 };

export type Keys = ReturnType<typeof createKeys>;

/**
 * Publishes the public half of all keys, and signs access tokens with the newest key that has been
 * published for the lead time.
 */
export function createKeys(first: SigningKeySet, { leadMs } = KEY_TIMES, now = () => performance.now()) {
  let keys = published(first, new Map(), now());

  function signingKey(): Published {
    const time = now();
    const [newest, previous] = keys;
    return keys.find(({ since }) => time - since >= leadMs) ?? previous ?? newest;
  }

  function accessToken(user: User, sessionId: string): string {
    const { id, email, name, verified } = user;
    const claims = { ...rights(user), email, name, verified, sid: sessionId };
    const { kid, key } = signingKey();
    return jwt.sign(claims, key, {
      algorithm: 'ES256',
      keyid: kid,
      header: { alg: 'ES256', typ: TOKEN_TYPE },
      issuer: ISSUER,
      audience: AUDIENCE,
      subject: id,
      expiresIn: ACCESS_TOKEN_SECONDS,
    });
  }

  return {
    accessToken,
    keySet: (): JwkSet => ({ keys: keys.map(({ jwk }) => jwk) }),
    /** Switches to other keys. Keys that stay keep the time since which they are published. */
    replace(set: SigningKeySet): void {
      keys = published(set, new Map(keys.map(({ kid, since }) => [kid, since])), now());
    },
  };
}

interface Published {
  kid: string;
  key: KeyObject;
  jwk: JwkSet['keys'][number];
  /** In ms, on the clock of `now`. */
  since: number;
}

function published(
  { keys: [newest, ...older] }: SigningKeySet,
  since: ReadonlyMap<string, number>,
  now: number,
): [Published, ...Published[]] {
  const one = ({ kid, kty, crv, x, y, d }: SigningKeySet['keys'][number]): Published => ({
    kid,
    key: createPrivateKey({ key: { kty, crv, x, y, d }, format: 'jwk' }),
    jwk: { kid, kty, crv, x, y, alg: 'ES256', use: 'sig' },
    since: since.get(kid) ?? now,
  });
  return [one(newest), ...older.map(one)];
}
