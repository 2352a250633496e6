import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { placeOf, type Client } from '../client.js';
import { failuresKey, putFailure, throttled, type Failures } from '../limits/failures.js';
import { ATTEMPT_SECONDS, sha256, type Attempt, type Ticket } from './attempt.js';

export const attemptKey = (stateHash: string): Key<Attempt> => key('attempt', stateHash);
export const ticketKey = (codeHash: string): Key<Ticket> => key('ticket', codeHash);
/** Holds the id of the account that an identity at a provider signs in to. */
export const identityKey = (issuer: string, subject: string): Key<string> => key('identity', sha256(JSON.stringify([issuer, subject])));

/** Counts the attempts of a place that were not completed. */
export const startedFrom = ({ address }: Client): Key<Failures> => failuresKey('begun', placeOf(address));

/**
 * Returns the writes that start an attempt. Throws `limited` if too many were started from this
 * place and not completed.
 */
export function startAttempt(docs: Docs, state: string, attempt: Attempt, from: Client, now: Date): Write[] {
  const started = startedFrom(from);
  const refused = throttled(docs, [started], now);
  if (refused) throw refused;
  return [put(attemptKey(sha256(state)), attempt, ATTEMPT_SECONDS), putFailure(docs, 'begun', started, now)];
}
