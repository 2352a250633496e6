import { DomainError } from '@sidecart/chassis/errors';

const MINUTE_MS = 60_000;
const FARTHEST_MS = 24 * 60 * MINUTE_MS;

/** Pieces by the minute in which their hold lapses, in minutes since the Unix epoch. Stays small however many hold. */
export type Counts = Readonly<Record<number, number>>;

/** The minute in which a hold lapses: `until` rounded up, so that nothing lapses early. Throws `invalid` unless that is within 24 hours from now. */
export function minuteOf(until: string, now: Date): number {
  const end = Date.parse(until);
  if (end > now.getTime() && end <= now.getTime() + FARTHEST_MS) return Math.ceil(end / MINUTE_MS);
  throw new DomainError('invalid', 'until-out-of-range', 'A hold ends in the future, at most 24 hours ahead.');
}

export const endOf = (minute: number): string => new Date(minute * MINUTE_MS).toISOString();

/** Rounded up. */
export const secondsUntil = (minute: number, now: Date): number => Math.ceil((minute * MINUTE_MS - now.getTime()) / 1000);

export const hasLapsed = (minute: number, now: Date): boolean => minute * MINUTE_MS <= now.getTime();

/** The pieces whose hold has not lapsed. */
export function total(counts: Counts, now: Date): number {
  const left = Object.entries(counts).filter(([minute]) => !hasLapsed(Number(minute), now));
  return left.reduce((sum, [, pieces]) => sum + pieces, 0);
}

/** Adds pieces to a minute, or takes them away. Changes nothing if the minute has lapsed. */
export const recount = (counts: Counts, minute: number, change: number, now: Date): Counts =>
  swept({ ...counts, [minute]: (counts[minute] ?? 0) + change }, now);

/** The counts without what has lapsed: after every change no clock, not one that runs behind, sees more held than there is. */
export const swept = (counts: Counts, now: Date): Counts =>
  Object.fromEntries(Object.entries(counts).filter(([minute, pieces]) => pieces > 0 && !hasLapsed(Number(minute), now)));
