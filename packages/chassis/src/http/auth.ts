import { createPublicKey, type KeyObject } from 'node:crypto';
import { AccessToken, AUDIENCE, ISSUER, may, type JwkSet, type Permission, type User } from '@sidecart/contracts/access-token';
import type { Request } from 'express';
import jwt from 'jsonwebtoken';
import { DomainError } from './errors.js';

export interface VerifierOptions {
  /** Loads identity's public keys. */
  keySet: () => Promise<JwkSet>;
  /**
   * The minimum time between two loads for unknown key ids, in ms. Forged tokens cannot flood
   * identity. Must be shorter than identity publishes a new key before it signs with it.
   */
  reloadMs?: number;
  /** While identity responds, a key that it has dropped is refused after this time, in ms. */
  maxAgeMs?: number;
}

export type Verify = (token: string) => Promise<User>;

const RETRY_MS = 1_000;

/**
 * Returns a function that verifies access tokens with identity's public keys: signature (ES256
 * only), issuer, audience, type and expiry. Keeps the loaded keys while identity is unavailable.
 * Throws `unauthenticated`, or `unavailable` if the token's key is unknown and cannot be loaded.
 */
export function createVerifier({ keySet, reloadMs = 5_000, maxAgeMs = 60_000 }: VerifierOptions): Verify {
  let keys = new Map<string, KeyObject>();
  let loading: Promise<void> | undefined;
  let loadedAt = Number.NEGATIVE_INFINITY;
  let hasFailed = false;

  const load = (): Promise<void> => (loading ??= loadOnce().finally(() => (loading = undefined)));

  async function loadOnce(): Promise<void> {
    loadedAt = performance.now();
    try {
      const set = await keySet();
      keys = new Map(set.keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
      hasFailed = false;
    } catch {
      hasFailed = true;
    }
  }

  async function keyFor(kid: string): Promise<KeyObject> {
    const age = performance.now() - loadedAt;
    const loaded = keys.get(kid);
    if (loaded) {
      if (age > maxAgeMs) void load();
      return loaded;
    }
    if (loading || age > (hasFailed ? RETRY_MS : reloadMs)) await load();
    const key = keys.get(kid);
    if (key) return key;
    throw hasFailed ? unavailable() : unauthenticated();
  }

  return async (token) => {
    const kid = keyIdOf(token);
    if (kid === undefined) throw unauthenticated();
    return userOf(token, await keyFor(kid));
  };
}

function keyIdOf(token: string): string | undefined {
  try {
    return jwt.decode(token, { complete: true })?.header.kid;
  } catch {
    return undefined; // a payload that is not JSON
  }
}

function userOf(token: string, key: KeyObject): User {
  try {
    const checks = { algorithms: ['ES256' as const], issuer: ISSUER, audience: AUDIENCE };
    return AccessToken.parse(jwt.verify(token, key, { ...checks, complete: true }));
  } catch {
    throw unauthenticated();
  }
}

const unauthenticated = () => new DomainError('unauthenticated', 'invalid-token', 'The access token is missing, malformed or expired.');

const unavailable = () =>
  new DomainError('unavailable', 'keys-unavailable', 'The access token cannot be verified at the moment.', { retryAfter: 1 });

declare module 'express-serve-static-core' {
  interface Request {
    user?: User;
  }
}

/** Sets `req.user` if there is a bearer token. Throws for an invalid one, on public routes too. */
export async function authenticate(req: Request, verify: Verify): Promise<void> {
  const [scheme, token = ''] = req.headers.authorization?.split(' ') ?? [];
  if (scheme?.toLowerCase() === 'bearer') req.user = await verify(token);
}

/** Returns the caller. Throws `unauthenticated` if there is none. */
export function signedIn(user: User | undefined): User {
  if (!user) throw unauthenticated();
  return user;
}

/** Returns the caller. Throws `unauthenticated`, or `forbidden` without the permission. */
export function permitted(user: User | undefined, permission: Permission): User {
  const caller = signedIn(user);
  if (may(caller, permission)) return caller;
  throw new DomainError('forbidden', 'forbidden', `This needs an admin, or staff with the permission ${permission}.`);
}
