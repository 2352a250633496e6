import { createPrivateKey, type KeyObject } from 'node:crypto';
import { AUDIENCE, ISSUER, TOKEN_TYPE, type JwkSet } from '@sidecart/chassis/auth';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { rights, type User } from '../accounts/user.js';

const PrivateKey = z
  .looseObject({ kid: z.string().min(1), kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), d: z.string() })
  .refine(isKey, 'not a private key on P-256');

export const SigningKeySet = z.object({ keys: z.tuple([PrivateKey], PrivateKey) });
export type SigningKeySet = z.infer<typeof SigningKeySet>;

export const ACCESS_TOKEN_SECONDS = 15 * 60;

/**
 * The secret store is asked for other keys every `lookMs`. A new one is published for `leadMs` before it signs: by then every replica of
 * identity publishes it, and every verifier that does not know it may load the keys anew.
 */
export const KEY_TIMES = { lookMs: 10_000, leadMs: 60_000 };

export type Keys = ReturnType<typeof createKeys>;

/** Signs access tokens with the newest key, once it has been published for the lead, and has the public half of all of them. */
export function createKeys(first: SigningKeySet, { leadMs } = KEY_TIMES, now = () => performance.now()) {
  let keys = published(first, new Map(), now());

  /** The one before signs until the newest may. */
  function signing(): Published {
    const at = now();
    const [newest, before] = keys;
    return keys.find(({ since }) => at - since >= leadMs) ?? before ?? newest;
  }

  function accessToken(user: User, sessionId: string): string {
    const { id, email, name, verified } = user;
    const claims = { ...rights(user), email, name, verified, sid: sessionId };
    const { kid, key } = signing();
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
    /** Takes the keys as they are in the settings now. */
    replace(set: SigningKeySet): void {
      keys = published(set, new Map(keys.map(({ kid, since }) => [kid, since])), now());
    },
  };
}

interface Published {
  kid: string;
  key: KeyObject;
  jwk: JwkSet['keys'][number];
  since: number;
}

function published(
  { keys: [newest, ...older] }: SigningKeySet,
  known: ReadonlyMap<string, number>,
  now: number,
): [Published, ...Published[]] {
  const one = ({ kid, kty, crv, x, y, d }: SigningKeySet['keys'][number]): Published => ({
    kid,
    key: createPrivateKey({ key: { kty, crv, x, y, d }, format: 'jwk' }),
    jwk: { kid, kty, crv, x, y, alg: 'ES256', use: 'sig' },
    since: known.get(kid) ?? now,
  });
  return [one(newest), ...older.map(one)];
}

function isKey(jwk: Record<string, unknown>): boolean {
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' }).type === 'private';
  } catch {
    return false;
  }
}
