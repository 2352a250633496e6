import type { DomainError } from '@sidecart/chassis/errors';
import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { hashed, tooMany } from './failures.js';

const HOUR_SECONDS = 60 * 60;

/** How far a quota is used up. An unused quota has no document. */
export interface Usage {
  /** When the quota is whole again if it is not used any further. */
  wholeAt: string;
}

/** Allows a burst of `perHour`, and refills at that rate. */
export interface Quota {
  usage: Key<Usage>;
  perHour: number;
}

/** `who` is hashed, which fits in a key and reveals nothing. */
export const quota = (kind: string, perHour: number, ...who: string[]): Quota => ({
  usage: key('quota', kind, hashed(...who)),
  perHour,
});

/**
 * Returns the writes that use each quota once or, if one is used up, a refusal with the longest
 * wait.
 */
export function useQuotas(docs: Docs, quotas: readonly Quota[], now: Date): Write[] | DomainError {
  docs.all(quotas.map(({ usage }) => usage)); // one load for all
  const used = quotas.map(({ usage, perHour }) => {
    const wholeAt = Math.max(now.getTime(), Date.parse(docs.get(usage)?.wholeAt ?? now.toISOString()));
    return { usage, wholeAt: wholeAt + Math.floor((HOUR_SECONDS * 1_000) / perHour) };
  });
  const latest = Math.max(...used.map(({ wholeAt }) => wholeAt));
  const wait = Math.ceil((latest - now.getTime()) / 1_000) - HOUR_SECONDS;
  if (wait > 0) return tooMany(wait);
  return used.map(({ usage, wholeAt }) => put(usage, { wholeAt: new Date(wholeAt).toISOString() }, HOUR_SECONDS));
}
