import { createHash } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { epochOf, sameEpoch } from '../accounts/epoch.js';
import { userKey } from '../accounts/store.js';
import { placeOf, type Client } from '../client.js';
import { failuresKey, putFailure, throttled, tooMany } from '../limits/failures.js';
import { useQuotas, type Quota } from '../limits/quota.js';
import { afterGuess, CODE_SECONDS, matches, newCode, type Code, type CodeSubject, type Proof, type Purpose, type Secrets } from './code.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MAX_PER_HOUR = 5;

export const codeKey = (purpose: Purpose, holder: string): Key<Code> => key('code', purpose, holder);

/**
 * Returns the holder of codes for an email address without an account. Such codes are stored like
 * any other, so that nobody can tell the difference, and never sent.
 */
export const noAccount = (emailKey: string): string => `nobody-${createHash('sha256').update(emailKey).digest('hex').slice(0, 40)}`;

/** When messages of a template were sent within the last hour. */
export const sentKey = (template: string, holder: string): Key<string[]> => key('sent', template, holder);

/**
 * Returns the write that counts a message, or the seconds until it may be sent. One a minute and
 * five an hour are allowed.
 */
export function countMessage(docs: Docs, template: string, holder: string, now: Date): Write | number {
  const sent = docs.get(sentKey(template, holder)) ?? [];
  const [latest, fifth] = [sent.at(-1), sent.at(-MAX_PER_HOUR)];
  const until = Math.max(latest ? Date.parse(latest) + MINUTE_MS : 0, fifth ? Date.parse(fifth) + HOUR_MS : 0);
  const seconds = Math.ceil((until - now.getTime()) / 1_000);
  if (seconds > 0) return seconds;
  return put(sentKey(template, holder), [...sent, now.toISOString()].slice(-MAX_PER_HOUR), HOUR_MS / 1_000);
}

/**
 * Returns the writes that store a new code in place of the last one and count its message. Throws
 * `limited` if the holder was sent too many messages, or if one of `quotas` is used up.
 */
export function issueCode(docs: Docs, subject: CodeSubject, secrets: Secrets, quotas: readonly Quota[], now: Date): Write[] {
  const { purpose, holder } = subject;
  const counted = countMessage(docs, purpose, holder, now);
  if (typeof counted === 'number') throw tooMany(counted);
  const used = useQuotas(docs, quotas, now);
  if (used instanceof DomainError) throw used;
  const epoch = epochOf(docs.get(userKey(holder)));
  return [counted, ...used, put(codeKey(purpose, holder), newCode({ ...subject, epoch }, secrets, now), CODE_SECONDS)];
}

export interface Redemption {
  purpose: Purpose;
  holder: string;
  proof: Proof;
  from: Client;
}

/**
 * Returns the code that was redeemed or a refusal, and what to write in either case: wrong guesses
 * count.
 */
export function redeem(docs: Docs, { purpose, holder, proof, from }: Redemption, now: Date): { code: Code | DomainError; write: Write[] } {
  const failures = failuresKey('codes', placeOf(from.address));
  const refused = throttled(docs, [failures], now);
  if (refused) return { code: refused, write: [] };
  const stored = codeKey(purpose, holder);
  const code = docs.get(stored);
  if (code && matches(code, proof, now) && sameEpoch(code, docs.get(userKey(holder)))) return { code, write: [remove(stored)] };
  const counted = code ? [put(stored, afterGuess(code, proof), CODE_SECONDS)] : [];
  return { code: invalidCode(), write: [...counted, putFailure(docs, 'codes', failures, now)] };
}

const invalidCode = () =>
  new DomainError('invalid', 'invalid-code', 'This code is wrong, has expired or was already used. Ask for a new one.', {
    errors: [{ field: 'code', message: 'is not valid' }],
  });
