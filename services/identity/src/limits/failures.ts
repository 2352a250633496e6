import { createHash } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';

/** Recent failures, and when the next attempt is allowed. */
export interface Failures {
  failures: number;
  until: string;
}

/** How many failures are free. Each further one doubles the wait, from 4 seconds to 15 minutes. */
const FREE = {
  /** Of one account, from one place. */
  pair: 5,
  /** Of one account, from places where its owner has never signed in. */
  account: 20,
  /** Of any account, from one place. */
  place: 50,
  /** Wrong codes from one place. */
  codes: 50,
  /** Sign-ins with a provider that were started and not completed, from one place. */
  begun: 50,
  /** Second factors of one account. */
  'second-factor': 10,
};
const FIRST_SECONDS = 4;
const MAX_SECONDS = 15 * 60;
/** Failures are forgotten after this long without another. */
const QUIET_SECONDS = 60 * 60;

export type Kind = keyof typeof FREE;

/** Returns a hash, which fits in a key and reveals nothing. */
export const hashed = (...who: string[]): string => createHash('sha256').update(JSON.stringify(who)).digest('base64url');

/** `who` is hashed. */
export const failuresKey = (kind: Kind, ...who: string[]): Key<Failures> => key('tries', kind, hashed(...who));

/** Returns the count after another failure. */
export function countFailure(before: Failures | undefined, kind: Kind, now: Date): Failures {
  const failures = (before?.failures ?? 0) + 1;
  const beyond = failures - FREE[kind];
  const seconds = beyond < 0 ? 0 : Math.min(MAX_SECONDS, FIRST_SECONDS * 2 ** beyond);
  return { failures, until: new Date(now.getTime() + seconds * 1_000).toISOString() };
}

/** Returns the seconds until the next attempt is allowed, or 0. */
export const secondsToWait = (failures: Failures | undefined, now: Date): number =>
  failures ? Math.max(0, Math.ceil((Date.parse(failures.until) - now.getTime()) / 1_000)) : 0;

/** Returns a refusal with the longest wait of `keys`, or `undefined` if an attempt is allowed. */
export function throttled(docs: Docs, keys: readonly Key<Failures>[], now: Date): DomainError | undefined {
  const retryAfter = Math.max(0, ...docs.all(keys).map((failures) => secondsToWait(failures, now)));
  return retryAfter === 0 ? undefined : tooMany(retryAfter);
}

export const tooMany = (retryAfter: number) =>
  new DomainError('limited', 'too-many-tries', 'Too many attempts. Wait for the number of seconds in Retry-After, then try again.', {
    retryAfter,
  });

export const putFailure = (docs: Docs, kind: Kind, failures: Key<Failures>, now: Date): Write =>
  put(failures, countFailure(docs.get(failures), kind, now), QUIET_SECONDS);

/** Takes back a failure that was counted before the outcome of the attempt was known. */
export function takeBackFailure(docs: Docs, counted: Key<Failures>, now: Date): Write {
  const failures = (docs.get(counted)?.failures ?? 0) - 1;
  return failures <= 0 ? remove(counted) : put(counted, { failures, until: now.toISOString() }, QUIET_SECONDS);
}
