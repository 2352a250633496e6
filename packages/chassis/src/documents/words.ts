import type { Filter } from './filter.js';

const WORD = /[\p{L}\p{N}]{1,32}/gu;
const TEXT_LENGTH = 20_000;
const WORDS_PER_DOCUMENT = 200;
const SEARCH_LENGTH = 400;
const WORDS_PER_SEARCH = 8;

/** The distinct words of a text as a document's `words` holds them: lower-case, without diacritics, of 32 characters at most, 200 at most. */
export function words(text: string): string[] {
  const folded = text.slice(0, TEXT_LENGTH).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return [...new Set(folded.match(WORD))].slice(0, WORDS_PER_DOCUMENT);
}

/** Documents that have, for each of the first 8 words in `text`, a word that begins with it. Without a word in it: none. */
export function search(text: string): Filter<{ words: string[] }> {
  const wanted = words(text.slice(0, SEARCH_LENGTH)).slice(0, WORDS_PER_SEARCH);
  return wanted.length > 0 ? { $and: wanted.map((word) => ({ words: { $prefix: word } })) } : { $or: [] };
}
