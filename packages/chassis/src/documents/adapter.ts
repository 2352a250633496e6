import type { Query } from './filter.js';
import type { TextQuery } from './relevance.js';
import type { Order } from './sorting.js';

/** What every document has. Its fields are JSON. No name of a field contains a dot, or starts with `$` or `_`. */
export interface Versioned {
  _id: string;
  /** The version of the state that the document was built from, a whole number from 0. */
  version: number;
}

/** How a collection is stored. A collection of another shape than before starts empty. */
export interface Shape {
  name: string;
  version: number;
  indexes: readonly (readonly string[])[];
  arrays: readonly string[];
  /** Whether documents have a text to search. */
  searchable: boolean;
}

/** The text of a document, as words. */
export interface Text {
  name: readonly string[];
  rest: readonly string[];
  /** The place within its tier; see `orderInTier`. */
  order: number;
  /** Words that the vocabulary may not have yet. */
  learn: readonly string[];
}

/** A document with its text. */
export interface Kept<T> extends Versioned {
  document: T;
  text?: Text;
}

/** What stays of a document that was removed, at this time in ms since the Unix epoch. */
export interface Removal extends Versioned {
  removed: number;
}

export type Row<T> = Kept<T> | Removal;

export interface Selection {
  query: Query;
  text?: TextQuery;
}

export interface Facet {
  /** A field of strings, in an index or an array. */
  field: string;
  /** Counts only values that begin with this. */
  prefix?: string;
  /** The number of values to return, those with the highest counts. */
  limit: number;
}

export interface FacetCount {
  value: string;
  count: number;
}

/** What a database does for a collection. The rest is the same for all. */
export interface Table<T> {
  /** In one atomic step: stores the row and returns true, unless its id has a row of version `below` or above. */
  write(row: Row<T>, below: number): Promise<boolean>;
  find(selected: Selection, order: Order, range: { skip: number; limit: number }): Promise<T[]>;
  /** Returns documents by `order`, then `_id`, those after `after` if given. */
  ranked(
    selected: Required<Selection>,
    range: { after?: { order: number; id: string } | undefined; limit: number },
  ): Promise<{ order: number; document: T }[]>;
  count(selected: Selection): Promise<number>;
  /** Returns the counts of each facet, the highest first, equal counts by value. */
  facets(selected: Selection, of: readonly Facet[]): Promise<FacetCount[][]>;
  /** Returns up to 50 words of the vocabulary that have one of these stems. */
  wordsWith(stems: readonly string[]): Promise<string[]>;
  /** Removes the documents in which the field is missing or has another value. */
  retain(field: string, value: string): Promise<void>;
  /** Forgets removals before this time, in ms since the Unix epoch. */
  forget(before: number): Promise<void>;
  /** Removes every document, removal and word. */
  clear(): Promise<void>;
}

export interface Adapter {
  table<T extends Versioned>(shape: Shape): Promise<Table<T>>;
  close(): Promise<void>;
}
