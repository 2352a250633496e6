import { createHash } from 'node:crypto';
import type { Text } from '../adapter.js';
import { stems } from '../words.js';
import type { Database } from './database.js';
import type { Names } from './tables.js';

/**
 * The full-text index of a collection. Changes are collected and applied at the end of a transaction
 * in the order of their rowids: FTS5 writes a new segment each time a rowid is not above the last.
 */
export function createTextIndex(db: Database, { main, text, stems: stemTable }: Names) {
  const added = new Map<number, Text>();
  const removed = new Set<number>();

  function undo(): void {
    removed.clear();
    added.clear();
  }

  return {
    /** Returns the rowid for the text of a document: its order in its tier, or the next one that is free. */
    freeRowid(id: string, { order }: Text): number {
      let rowid = order;
      while (db.get(`SELECT 1 FROM ${main} WHERE ord = ? AND _id <> ?`, rowid, id)) rowid += 1;
      return rowid;
    },

    add(rowid: number, read: Text): void {
      added.set(rowid, read);
    },

    remove(rowid: number): void {
      if (!added.delete(rowid)) removed.add(rowid);
    },

    /** Adds words to the vocabulary, with their stems. */
    learn({ learn }: Text): void {
      for (const word of learn) {
        if (db.get(`SELECT 1 FROM ${stemTable} WHERE stem = ? AND word = ?`, word, word)) continue;
        for (const stem of stems(word)) db.run(`INSERT OR IGNORE INTO ${stemTable} VALUES (?, ?)`, stem, word);
      }
    },

    flush(): void {
      for (const rowid of sorted(removed)) db.run(`DELETE FROM ${text} WHERE rowid = ?`, BigInt(rowid));
      for (const rowid of sorted(added.keys())) {
        const { name = [], rest = [] } = added.get(rowid) ?? {};
        db.run(`INSERT INTO ${text} (rowid, name, rest) VALUES (?, ?, ?)`, BigInt(rowid), name.join(' '), rest.join(' '));
      }
      undo();
    },

    undo,

    clear(): void {
      db.exec(`INSERT INTO ${text} (${text}) VALUES ('delete-all'); DELETE FROM ${stemTable}`);
    },
  };
}

const sorted = (rowids: Iterable<number>) => [...rowids].toSorted((a, b) => a - b);

/** Tells whether a text has changed. */
export const digestOf = ({ name, rest }: Text): string =>
  createHash('sha1')
    .update(JSON.stringify([name, rest]))
    .digest('base64');
