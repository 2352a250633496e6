import type { DomainError } from '@sidecart/chassis/errors';
import { remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { placeOf, type Client } from '../client.js';
import { failuresKey, putFailure, takeBackFailure, throttled, type Failures } from '../limits/failures.js';

/** What is counted when a password is tried. */
export interface AttemptKeys {
  pair: Key<Failures>;
  account: Key<Failures>;
  place: Key<Failures>;
}

export const attemptKeys = (emailKey: string, { address }: Client): AttemptKeys => ({
  pair: failuresKey('pair', emailKey, placeOf(address)),
  account: failuresKey('account', emailKey),
  place: failuresKey('place', placeOf(address)),
});

/**
 * Counts an attempt as failed before its outcome is known, so that parallel attempts all count.
 * Places where the owner has signed in before are counted separately: someone who guesses elsewhere
 * does not lock the owner out.
 */
export function countAttempt(docs: Docs, { pair, account, place }: AttemptKeys, isFamiliar: boolean, now: Date): Write[] | DomainError {
  const refused = throttled(docs, isFamiliar ? [pair] : [pair, account, place], now);
  if (refused) return refused;
  const counted = putFailure(docs, 'pair', pair, now);
  return isFamiliar ? [counted] : [counted, putFailure(docs, 'account', account, now)];
}

/** Returns the writes that take back what `countAttempt` counted. */
export const takeBackAttempt = (docs: Docs, { pair, account }: AttemptKeys, isFamiliar: boolean, now: Date): Write[] =>
  isFamiliar ? [remove(pair)] : [remove(pair), takeBackFailure(docs, account, now)];
