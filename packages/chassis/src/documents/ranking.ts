import type { Table, Versioned } from './adapter.js';
import type { Narrowing } from './documents.js';
import { queryOf } from './filter.js';
import { tiersOf } from './relevance.js';
import type { RankedPosition } from './sorting.js';

export interface Ranked<T> extends RankedPosition {
  document: T;
}

interface RankedQuery<T> extends Narrowing<T> {
  /** Only this many tiers, the most relevant ones. All by default. */
  tiers?: number;
  after?: RankedPosition | undefined;
  limit: number;
}

/** Returns documents by relevance: tier after tier, until there are `limit`. */
export async function rank<T extends Versioned>(
  table: Table<T>,
  { where = {}, terms, tiers, after, limit }: RankedQuery<T>,
): Promise<Ranked<T>[]> {
  if (!terms) throw new TypeError('A list by relevance needs terms.');
  if (terms.length === 0) return [];
  const query = queryOf(where);
  const found: Ranked<T>[] = [];
  for (const [tier, text] of tiersOf(terms).slice(0, tiers).entries()) {
    if (tier < (after?.tier ?? 0) || found.length >= limit) continue;
    const range = { after: tier === after?.tier ? after : undefined, limit: limit - found.length };
    const rows = await table.ranked({ query, text }, range);
    found.push(...rows.map(({ order, document }) => ({ tier, order, id: document._id, document })));
  }
  return found;
}
