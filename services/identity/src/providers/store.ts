import { key, type Key } from '@sidecart/chassis/state';
import { sha256, type Attempt, type Ticket } from './attempt.js';

export const attemptKey = (stateHash: string): Key<Attempt> => key('attempt', stateHash);
export const ticketKey = (codeHash: string): Key<Ticket> => key('ticket', codeHash);
/** Whose account an identity of a provider signs in to. */
export const identityKey = (issuer: string, subject: string): Key<string> => key('identity', sha256(JSON.stringify([issuer, subject])));
/** The identities that sign in to an account, by the provider's name. */
export const linksKey = (userId: string): Key<Record<string, Key<string>>> => key('links', userId);
