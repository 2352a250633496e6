import type { FacetCount, Table, Versioned } from './adapter.js';
import type { FacetOf, Narrowing } from './documents.js';
import type { Filter } from './filter.js';
import { checkBound, selectionOf } from './selection.js';

const MAX_FACETS = 20;
const MAX_VALUES = 500;

export interface FacetQuery<T> extends Narrowing<T> {
  narrow?: Readonly<Record<string, Filter<T>>>;
  of: readonly FacetOf<T>[];
}

/** Counts facets. Those under the same filters are counted together. */
export async function countFacets<T extends Versioned>(
  table: Table<T>,
  { where = {}, terms, narrow = {}, of }: FacetQuery<T>,
): Promise<FacetCount[][]> {
  if (of.length > MAX_FACETS) throw new TypeError(`${of.length} facets are more than ${MAX_FACETS}.`);
  for (const { limit } of of) checkBound('limit', limit, MAX_VALUES);
  const counts = of.map((): FacetCount[] => []);
  const exceptions = new Set(of.map(({ except = '' }) => (Object.hasOwn(narrow, except) ? except : undefined)));
  for (const except of exceptions) {
    const members = [...of.entries()].filter(
      ([, facet]) => except === (Object.hasOwn(narrow, facet.except ?? '') ? facet.except : undefined),
    );
    const filters = Object.entries(narrow).flatMap(([name, filter]) => (name === except ? [] : [filter]));
    const selected = selectionOf({ where: { $and: [where, ...filters] }, terms });
    const found = await table.facets(
      selected,
      members.map(([, facet]) => facet),
    );
    for (const [i, [n]] of members.entries()) counts[n] = found[i] ?? [];
  }
  return counts;
}
