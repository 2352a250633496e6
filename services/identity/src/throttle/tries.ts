import { createHash } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';

/** Failures of late, and until when nothing more is taken. */
export interface Tries {
  failures: number;
  until: string;
}

/** So many failures cost nothing; from then on each doubles the wait, from four seconds to a quarter of an hour. */
const FREE = {
  /** One account, from one place. */
  pair: 5,
  /** One account, from places where its owner never was. */
  account: 20,
  /** Any account, from one place. */
  place: 50,
  /** Codes guessed wrong, from one place. */
  codes: 50,
  /** Sign-ins with a provider that were begun and did not end, from one place. */
  begun: 50,
  /** Second factors of one account. */
  'second-factor': 10,
};
const FIRST_SECONDS = 4;
const MAX_SECONDS = 15 * 60;
/** Forgotten after so long without a failure. */
const QUIET_SECONDS = 60 * 60;

export type Kind = keyof typeof FREE;

/** A hash fits in a key and reveals nothing. */
export const hashed = (...who: string[]): string => createHash('sha256').update(JSON.stringify(who)).digest('base64url');

/** `who` is counted by its hash. */
export const triesKey = (kind: Kind, ...who: string[]): Key<Tries> => key('tries', kind, hashed(...who));

export function failed(tries: Tries | undefined, kind: Kind, at: Date): Tries {
  const failures = (tries?.failures ?? 0) + 1;
  const over = failures - FREE[kind];
  const seconds = over < 0 ? 0 : Math.min(MAX_SECONDS, FIRST_SECONDS * 2 ** over);
  return { failures, until: new Date(at.getTime() + seconds * 1_000).toISOString() };
}

/** Seconds to wait, 0 for none. */
export const wait = (tries: Tries | undefined, at: Date): number =>
  tries ? Math.max(0, Math.ceil((Date.parse(tries.until) - at.getTime()) / 1_000)) : 0;

/** Refuses with the longest wait of `keys`, or answers undefined. */
export function refusal(docs: Docs, keys: readonly Key<Tries>[], at: Date): DomainError | undefined {
  const retryAfter = Math.max(0, ...docs.all(keys).map((tries) => wait(tries, at)));
  return retryAfter === 0 ? undefined : tooMany(retryAfter);
}

export const tooMany = (retryAfter: number) =>
  new DomainError('limited', 'too-many-tries', 'Too many attempts. Try again after the seconds in Retry-After.', { retryAfter });

export const putFailed = (docs: Docs, kind: Kind, at: Key<Tries>, now: Date): Write =>
  put(at, failed(docs.get(at), kind, now), QUIET_SECONDS);

/** Takes back a failure that was counted before it was known to be none. */
export function putBack(docs: Docs, at: Key<Tries>, now: Date): Write {
  const failures = (docs.get(at)?.failures ?? 0) - 1;
  return failures <= 0 ? remove(at) : put(at, { failures, until: now.toISOString() }, QUIET_SECONDS);
}
