import type { Table } from './adapter.js';
import { alternatives, isCorrectable, stems } from './words.js';

/** How many words a process remembers as known. */
const REMEMBERED = 100_000;

/** The words of a collection's texts that mistakes are corrected to. */
export function createVocabulary(table: Pick<Table<unknown>, 'wordsWith'>) {
  const known = new Set<string>();
  return {
    /** Returns the words that may be new to the vocabulary. */
    unknown: (found: readonly string[]) => [...new Set(found)].filter((word) => !known.has(word) && isCorrectable(word)),
    learnt(found: readonly string[]): void {
      if (known.size > REMEMBERED) known.clear();
      for (const word of found) known.add(word);
    },
    withAlternatives: async ([word = '']: readonly string[]): Promise<string[]> =>
      isCorrectable(word) ? [word, ...alternatives(word, await table.wordsWith(stems(word)))] : [word],
    clear: () => known.clear(),
  };
}
