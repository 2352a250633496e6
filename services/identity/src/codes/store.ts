import { createHash } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { epochOf, sameEpoch } from '../accounts/epoch.js';
import { network, type Client } from '../client.js';
import { userKey } from '../store.js';
import { use, type Quota } from '../throttle/quota.js';
import { putFailed, refusal, tooMany, triesKey } from '../throttle/tries.js';
import { CODE_SECONDS, guessed, newCode, proves, type Code, type Proof, type Purpose, type Secrets } from './code.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const AN_HOUR = 5;

export const codeKey = (purpose: Purpose, holder: string): Key<Code> => key('code', purpose, holder);

/** Who holds codes for an address without an account: they are made as for all others, so that nobody sees a difference, and sent to nobody. */
export const nobody = (emailKey: string): string => `nobody-${createHash('sha256').update(emailKey).digest('hex').slice(0, 40)}`;

/** When mails of a kind were sent in the last hour. */
export const sentKey = (template: string, holder: string): Key<string[]> => key('sent', template, holder);

/** The write that notes a mail, or the seconds until it may be sent: one a minute, five an hour. */
export function noteSent(docs: Docs, template: string, holder: string, at: Date): Write | number {
  const sent = docs.get(sentKey(template, holder)) ?? [];
  const [ofMinute, ofHour] = [sent.at(-1), sent.at(-AN_HOUR)];
  const until = Math.max(ofMinute ? Date.parse(ofMinute) + MINUTE_MS : 0, ofHour ? Date.parse(ofHour) + HOUR_MS : 0);
  const seconds = Math.ceil((until - at.getTime()) / 1_000);
  return seconds > 0 ? seconds : put(sentKey(template, holder), [...sent, at.toISOString()].slice(-AN_HOUR), HOUR_MS / 1_000);
}

export type About = Pick<Code, 'purpose' | 'holder' | 'target'>;

/**
 * Returns the writes that make a new code, which replaces the last one, and count its message. Throws `limited` if too many messages were
 * sent: to the holder, or by one of `quotas`.
 */
export function sending(docs: Docs, about: About, secrets: Secrets, quotas: readonly Quota[], at: Date): Write[] {
  const { purpose, holder } = about;
  const noted = noteSent(docs, purpose, holder, at);
  if (typeof noted === 'number') throw tooMany(noted);
  const used = use(docs, quotas, at);
  if (used instanceof DomainError) throw used;
  const epoch = epochOf(docs.get(userKey(holder)));
  return [noted, ...used, put(codeKey(purpose, holder), newCode({ ...about, epoch }, secrets, at), CODE_SECONDS)];
}

export interface Shown {
  purpose: Purpose;
  holder: string;
  proof: Proof;
  from: Client;
}

/** The code that was redeemed, or why not; in both cases with what must be written: a wrong guess counts. */
export function redeem(docs: Docs, { purpose, holder, proof, from }: Shown, at: Date): { code: Code | DomainError; write: Write[] } {
  const place = triesKey('codes', network(from.address));
  const refused = refusal(docs, [place], at);
  if (refused) return { code: refused, write: [] };
  const kept = codeKey(purpose, holder);
  const code = docs.get(kept);
  if (code && proves(code, proof, at) && sameEpoch(code, docs.get(userKey(holder)))) return { code, write: [remove(kept)] };
  const counted = code ? [put(kept, guessed(code, proof), CODE_SECONDS)] : [];
  return { code: invalidCode(), write: [...counted, putFailed(docs, 'codes', place, at)] };
}

const invalidCode = () =>
  new DomainError('invalid', 'invalid-code', 'The code is wrong, was used, or is over: ask for another.', {
    errors: [{ field: 'code', message: 'not a good code' }],
  });
