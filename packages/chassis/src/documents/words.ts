const WORD = /[\p{L}\p{N}]{1,32}/gu;
const TEXT_LENGTH = 20_000;
const WORDS_PER_TEXT = 200;
const SEARCH_LENGTH = 400;
const WORDS_PER_SEARCH = 8;

/** What a search looks for: for each word that was typed, the words that may stand for it. */
export type Terms = readonly (readonly string[])[];

/**
 * Returns the distinct words of a text: lower-case, without diacritics, the first 200, of at most
 * 32 characters.
 */
export function words(text: string): string[] {
  const folded = text.slice(0, TEXT_LENGTH).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return [...new Set(folded.match(WORD))].slice(0, WORDS_PER_TEXT);
}

/** Returns the first 8 words of a text as terms without alternatives. No document matches no terms. */
export const exactTerms = (text: string): Terms =>
  words(text.slice(0, SEARCH_LENGTH))
    .slice(0, WORDS_PER_SEARCH)
    .map((word) => [word]);

/**
 * Returns whether mistakes are corrected in this word. Short words are like too many others, and
 * numbers mean what they say.
 */
export const isCorrectable = (word: string): boolean => /^\p{L}{4,20}$/u.test(word);

/**
 * Returns the word, and the word without each of its letters. Two words with one typing mistake
 * between them have a stem in common.
 */
export function stems(word: string): string[] {
  const letters = Array.from(word);
  return [...new Set([word, ...letters.map((_, n) => letters.toSpliced(n, 1).join(''))])];
}

const MAX_ALTERNATIVES = 3;

/**
 * Returns up to 3 of the candidates that are one typing mistake away from the word: a letter too
 * many, missing, replaced, or swapped with the next. The likeliest come first: people seldom
 * mistype the first letter.
 */
export function alternatives(word: string, candidates: readonly string[]): string[] {
  const [first] = word;
  const unlikeliness = (other: string) => Number(!other.startsWith(first ?? '')) * 2 + Number(other.length !== word.length);
  return candidates
    .filter((other) => isOneMistakeAway(word, other))
    .toSorted((a, b) => unlikeliness(a) - unlikeliness(b) || (a < b ? -1 : 1))
    .slice(0, MAX_ALTERNATIVES);
}

function isOneMistakeAway(one: string, other: string): boolean {
  const [a, b] = [Array.from(one), Array.from(other)];
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (left.length === 2 && right.length === 2) return left[0] === right[1] && left[1] === right[0];
  return left.length <= 1 && right.length <= 1 && left.length + right.length > 0;
}
