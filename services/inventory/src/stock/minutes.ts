import { DomainError } from '@sidecart/chassis/errors';

const MINUTE_MS = 60_000;
const MAX_AHEAD_MS = 24 * 60 * MINUTE_MS;

/**
 * Held pieces by the minute in which their hold lapses, in minutes since the Unix epoch. It stays
 * small however many hold.
 */
export type Counts = Readonly<Record<number, number>>;

/**
 * Returns the minute in which a hold until this time lapses, rounded up so that nothing lapses
 * early. Throws `invalid` (`until-out-of-range`) unless the time is within the next 24 hours.
 */
export function minuteOf(until: string, now: Date): number {
  const end = Date.parse(until);
  if (end > now.getTime() && end <= now.getTime() + MAX_AHEAD_MS) return Math.ceil(end / MINUTE_MS);
  throw new DomainError('invalid', 'until-out-of-range', 'A hold must end within the next 24 hours.');
}

/** Returns the last moment before a minute, at which a deadline is due when the minute begins. */
export const lapsesAt = (minute: number): Date => new Date(minute * MINUTE_MS - 1);

export const endOf = (minute: number): string => new Date(minute * MINUTE_MS).toISOString();

/** Returns the seconds until a minute begins, rounded up. */
export const secondsUntil = (minute: number, now: Date): number => Math.ceil((minute * MINUTE_MS - now.getTime()) / 1000);

export const hasLapsed = (minute: number, now: Date): boolean => minute * MINUTE_MS <= now.getTime();

/** Returns the pieces whose hold has not lapsed. */
export function total(counts: Counts, now: Date): number {
  const left = Object.entries(counts).filter(([minute]) => !hasLapsed(Number(minute), now));
  return left.reduce((sum, [, pieces]) => sum + pieces, 0);
}

/** Returns all counted pieces, lapsed or not. */
export const sum = (counts: Counts): number => Object.values(counts).reduce((sum, pieces) => sum + pieces, 0);

/**
 * Adds pieces to a minute, or removes them if negative. Changes nothing if the minute has lapsed.
 */
export const recount = (counts: Counts, minute: number, change: number, now: Date): Counts =>
  withoutLapsed({ ...counts, [minute]: (counts[minute] ?? 0) + change }, now);

/** Drops what has lapsed. */
export const withoutLapsed = (counts: Counts, now: Date): Counts =>
  Object.fromEntries(Object.entries(counts).filter(([minute, pieces]) => pieces > 0 && !hasLapsed(Number(minute), now)));
