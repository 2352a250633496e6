import type { Selection } from './adapter.js';
import { queryOf } from './filter.js';
import { everyTerm } from './relevance.js';
import type { Terms } from './words.js';
import { DomainError } from '../http/errors.js';

/** Returns what a filter and terms select, in the form that adapters translate. */
export function selectionOf({ where = {}, terms }: { where?: object | undefined; terms?: Terms | undefined }): Selection {
  if (terms?.length === 0) return { query: { any: [] } };
  return { query: queryOf(where), ...(terms && { text: everyTerm(terms) }) };
}

/** Throws `invalid` (`out-of-range`) unless the value is a whole number from 1 to `most`. */
export function checkBound(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new DomainError('invalid', 'out-of-range', `${name} must be a whole number from 1 to ${most}.`);
}
