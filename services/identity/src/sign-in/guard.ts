import type { DomainError } from '@sidecart/chassis/errors';
import { remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { network, type Client } from '../client.js';
import { putBack, putFailed, refusal, triesKey, type Tries } from '../throttle/tries.js';

/** What is counted when somebody tries a password. */
export interface Counted {
  pair: Key<Tries>;
  account: Key<Tries>;
  place: Key<Tries>;
}

export const countedFor = (emailKey: string, { address }: Client): Counted => ({
  pair: triesKey('pair', emailKey, network(address)),
  account: triesKey('account', emailKey),
  place: triesKey('place', network(address)),
});

/**
 * Counts a try before it is known whether it fails, so that many at once are many. Places that the owner signed in from before answer for
 * themselves only: whoever guesses elsewhere does not lock the owner out.
 */
export function admit(docs: Docs, { pair, account, place }: Counted, familiar: boolean, now: Date): Write[] | DomainError {
  const refused = refusal(docs, familiar ? [pair] : [pair, account, place], now);
  if (refused) return refused;
  const counted = putFailed(docs, 'pair', pair, now);
  return familiar ? [counted] : [counted, putFailed(docs, 'account', account, now)];
}

/** The writes that forget what `admit` counted. */
export const forgive = (docs: Docs, { pair, account }: Counted, familiar: boolean, now: Date): Write[] =>
  familiar ? [remove(pair)] : [remove(pair), putBack(docs, account, now)];
