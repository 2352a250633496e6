import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Request } from 'express';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { DomainError } from './errors.js';

export const ISSUER = 'sidecart';
/** Whom access tokens are for: the services of this shop. */
export const AUDIENCE = 'sidecart';
/** The `typ` of an access token (RFC 9068), which no other kind of token has. */
export const TOKEN_TYPE = 'at+jwt';

/** What a member of staff may be let do; an admin may do all of it. */
export const Permission = z.enum(['catalog', 'inventory', 'orders', 'payments', 'users']);
export type Permission = z.infer<typeof Permission>;

const Claims = z.object({
  sub: z.string(),
  role: z.enum(['customer', 'staff', 'admin']),
  permissions: z.array(Permission),
  email: z.string(),
  name: z.string(),
  verified: z.boolean(),
  sid: z.string(),
});
/** The type may be written as a whole media type, and in any case. */
const Verified = z.object({ header: z.object({ typ: z.string().regex(/^(application\/)?at\+jwt$/i) }), payload: Claims });

/** Who calls, as the access token says. */
export interface User {
  id: string;
  role: 'customer' | 'staff' | 'admin';
  /** Of staff; others have none. */
  permissions: readonly Permission[];
  email: string;
  name: string;
  /** Whether the person has proved that the address is theirs. */
  verified: boolean;
  /** The session that the token was issued for. */
  sessionId: string;
}

const Jwk = z.looseObject({ kid: z.string(), kty: z.string() }).meta({
  examples: [
    {
      kty: 'EC',
      crv: 'P-256',
      x: 'KtQDiJyOo9V1tC7-t0Zy9-g6z0JmCxH7wPpwHz5Dy70',
      y: 'miBddsDFlUWIj5_qrTKOF4P4VYN9uKoOTYMlb6bCrgQ',
      kid: 'ff7e8bd3-a22f-472e-abba-0dad9f4f3dd2',
      alg: 'ES256',
      use: 'sig',
    },
  ],
});
export const JwkSet = z.object({ keys: z.array(Jwk) });
export type JwkSet = z.infer<typeof JwkSet>;

export interface VerifierOptions {
  /** Loads identity's key set. */
  keySet: () => Promise<JwkSet>;
  /** For a key id that it did not hold it is asked again at most this often, whoever floods with such. Below the lead that identity gives a new key. */
  reloadMs?: number;
  /** A key that identity has dropped is forgotten after this long, at the latest, while identity answers. */
  maxAgeMs?: number;
}

export type Verify = (token: string) => Promise<User>;

const RETRY_MS = 1_000;

/**
 * Verifies access tokens locally with identity's published keys: signature (ES256 only), issuer, audience, type and expiry. Keeps the keys
 * it has while identity is away. Throws `unauthenticated`, or `unavailable` if the token's key is unknown and identity cannot be asked.
 */
export function createVerifier({ keySet, reloadMs = 5_000, maxAgeMs = 60_000 }: VerifierOptions): Verify {
  let keys = new Map<string, KeyObject>();
  let loading: Promise<void> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let failed = false;

  const load = (): Promise<void> => (loading ??= ask().finally(() => (loading = undefined)));

  async function ask(): Promise<void> {
    askedAt = performance.now();
    try {
      const set = await keySet();
      keys = new Map(set.keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
      failed = false;
    } catch {
      failed = true;
    }
  }

  async function keyFor(kid: string): Promise<KeyObject> {
    const age = performance.now() - askedAt;
    const known = keys.get(kid);
    if (known) {
      if (age > maxAgeMs) void load();
      return known;
    }
    if (loading || age > (failed ? RETRY_MS : reloadMs)) await load();
    const key = keys.get(kid);
    if (key) return key;
    throw failed ? unavailable() : refused();
  }

  return async (token) => {
    const kid = keyIdOf(token);
    if (kid === undefined) throw refused();
    const { sub, sid, ...rest } = claims(token, await keyFor(kid));
    return { id: sub, sessionId: sid, ...rest };
  };
}

function keyIdOf(token: string): string | undefined {
  try {
    return jwt.decode(token, { complete: true })?.header.kid;
  } catch {
    return undefined; // a payload that is not JSON
  }
}

function claims(token: string, key: KeyObject): z.infer<typeof Claims> {
  try {
    const checks = { algorithms: ['ES256' as const], issuer: ISSUER, audience: AUDIENCE };
    return Verified.parse(jwt.verify(token, key, { ...checks, complete: true })).payload;
  } catch {
    throw refused();
  }
}

const refused = () => new DomainError('unauthenticated', 'invalid-token', 'The access token is missing, malformed or expired.');

const unavailable = () =>
  new DomainError('unavailable', 'keys-unavailable', 'The access token cannot be verified at the moment.', { retryAfter: 1 });

declare module 'express-serve-static-core' {
  interface Request {
    user?: User;
  }
}

/** Sets `req.user` from the bearer token, if there is one. A bad token is refused even on a public route. */
export async function authenticate(req: Request, verify: Verify): Promise<void> {
  const [scheme, token = ''] = req.headers.authorization?.split(' ') ?? [];
  if (scheme?.toLowerCase() === 'bearer') req.user = await verify(token);
}

/** Whether the caller is an admin, or staff with this permission. */
export const may = ({ role, permissions }: Pick<User, 'role' | 'permissions'>, what: Permission): boolean =>
  role === 'admin' || (role === 'staff' && permissions.includes(what));

/** The caller. Throws `unauthenticated` where there is none. */
export function signedIn(user: User | undefined): User {
  if (!user) throw refused();
  return user;
}

/** The caller, who may do this. Throws `unauthenticated` or `forbidden`. */
export function permitted(user: User | undefined, what: Permission): User {
  const caller = signedIn(user);
  if (!may(caller, what)) throw new DomainError('forbidden', 'forbidden', `This needs an admin, or staff with the permission ${what}.`);
  return caller;
}
