import type { DomainError } from '@sidecart/chassis/errors';
import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { hashed, tooMany } from './tries.js';

const HOUR_SECONDS = 60 * 60;

/** A quota that was used; one that was not is whole. */
export interface Used {
  wholeAt: string;
}

/** Something that may happen so often: `perHour` times at once, and then once every `perHour`-th part of an hour. */
export interface Quota {
  at: Key<Used>;
  perHour: number;
}

/** `who` is counted by its hash, which fits in a key and reveals nothing. */
export const quota = (kind: string, perHour: number, ...who: string[]): Quota => ({ at: key('quota', kind, hashed(...who)), perHour });

/** Returns the writes that use each quota once or, if one is used up, a refusal with the longest wait. */
export function use(docs: Docs, quotas: readonly Quota[], now: Date): Write[] | DomainError {
  docs.all(quotas.map(({ at }) => at)); // one load for all
  const used = quotas.map(({ at, perHour }) => {
    const wholeAt = Math.max(now.getTime(), Date.parse(docs.get(at)?.wholeAt ?? now.toISOString()));
    return { at, wholeAt: wholeAt + Math.floor((HOUR_SECONDS * 1_000) / perHour) };
  });
  const latest = Math.max(...used.map(({ wholeAt }) => wholeAt));
  const wait = Math.ceil((latest - now.getTime()) / 1_000) - HOUR_SECONDS;
  if (wait > 0) return tooMany(wait);
  return used.map(({ at, wholeAt }) => put(at, { wholeAt: new Date(wholeAt).toISOString() }, HOUR_SECONDS));
}
