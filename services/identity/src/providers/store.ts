import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { network, type Client } from '../client.js';
import { putFailed, refusal, triesKey, type Tries } from '../throttle/tries.js';
import { ATTEMPT_SECONDS, sha256, type Attempt, type Ticket } from './attempt.js';
import type { Link } from './link.js';

/** By the provider's name. A link was once the bare key of its identity. */
export type StoredLinks = Record<string, Link | Key<string>>;

export const attemptKey = (stateHash: string): Key<Attempt> => key('attempt', stateHash);
export const ticketKey = (codeHash: string): Key<Ticket> => key('ticket', codeHash);
/** Whose account an identity of a provider signs in to. */
export const identityKey = (issuer: string, subject: string): Key<string> => key('identity', sha256(JSON.stringify([issuer, subject])));
/** The identities that sign in to an account. */
export const linksKey = (userId: string): Key<StoredLinks> => key('links', userId);

/** Counts what was begun from a place and has not ended. */
export const begunFrom = ({ address }: Client): Key<Tries> => triesKey('begun', network(address));

/** The writes that begin an attempt. Throws `limited` if too many were begun from this place and did not end. */
export function beginning(docs: Docs, state: string, attempt: Attempt, from: Client, now: Date): Write[] {
  const begun = begunFrom(from);
  const refused = refusal(docs, [begun], now);
  if (refused) throw refused;
  return [put(attemptKey(sha256(state)), attempt, ATTEMPT_SECONDS), putFailed(docs, 'begun', begun, now)];
}
