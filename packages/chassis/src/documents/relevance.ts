import { createHash } from 'node:crypto';
import type { Terms } from './words.js';

/** What the text of a document must have, in the form that adapters translate. Lists are not empty. */
export type TextQuery =
  | { all: readonly TextQuery[] }
  | { any: readonly TextQuery[] }
  | { one: TextQuery; but: TextQuery }
  /** A word that begins with `word`, or is `word` if it is `whole`. */
  | { word: string; whole: boolean; inName: boolean };

/** How many of the tiers have every word in the name. */
export const NAME_TIERS = 2;

const each = (terms: Terms, inName: boolean, whole = false): TextQuery[] =>
  terms.map((alternatives) => ({ any: alternatives.map((word) => ({ word, whole, inName })) }));

/** Returns the query for documents that have a word for each term. `terms` is not empty. */
export const everyTerm = (terms: Terms): TextQuery => ({ all: each(terms, false) });

/**
 * Returns queries for disjoint parts of `everyTerm(terms)`, the most relevant first:
 *
 * 1. each term is a word of the name
 * 2. each term begins a word of the name
 * 3. a term begins a word of the name, others only of the rest (if there are several terms)
 * 4. no term begins a word of the name
 *
 * The tier of a document depends on nothing but the document, so it is the same on every replica
 * and does not change while others change.
 */
export function tiersOf(terms: Terms): TextQuery[] {
  const whole: TextQuery = { all: each(terms, true, true) };
  const named: TextQuery = { all: each(terms, true) };
  const partlyNamed: TextQuery = { any: each(terms, true) };
  const found = everyTerm(terms);
  const between: TextQuery[] = terms.length > 1 ? [{ one: { all: [found, partlyNamed] }, but: named }] : [];
  return [whole, { one: named, but: whole }, ...between, { one: found, but: partlyNamed }];
}

const LONGEST_NAME = 4_095;
const HASH = 2 ** 40;

/**
 * Returns the place of a document within its tier, a safe integer: short names first. Equally long
 * names are in an order that is arbitrary, but the same everywhere.
 */
export function orderInTier(nameWords: readonly string[], id: string): number {
  const length = Math.min(nameWords.join(' ').length, LONGEST_NAME);
  return length * HASH + createHash('sha256').update(id).digest().readUIntBE(0, 5);
}
