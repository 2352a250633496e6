import { permitted } from '@sidecart/chassis/auth';
import type { Sort } from '@sidecart/chassis/documents';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { ListQuery, SearchQuery, Summaries } from './schemas.js';
import type { Entry, Query, SearchIndex } from './search-index.js';

const SORTS = { newest: '-createdAt', name: 'sortName', price: 'price', '-price': '-price' } satisfies Record<string, Sort<Entry>>;

const STAFF_ONLY = {
  401: 'Listing products that are not published needs an access token.',
  403: 'Only staff can list products that are not published.',
};

export function searchRoutes(index: SearchIndex): Routes {
  const api = routes('products');

  async function page(query: Query): Promise<Summaries> {
    const { items, next = null } = await index.list(query);
    return { data: items.map(summary), next };
  }

  api.get(
    '/api/products',
    { summary: 'Lists products.', access: 'public', rows: [15], query: ListQuery, reply: Summaries, problems: STAFF_ONLY },
    ({ query, user }) => {
      if (query.status !== 'published') permitted(user, 'catalog');
      return page({ ...query, sort: SORTS[query.sort] });
    },
  );

  api.get(
    '/api/products/search',
    { summary: 'Finds published products by the beginnings of words.', access: 'public', rows: [16], query: SearchQuery, reply: Summaries },
    ({ query: { q, ...query } }) => page({ ...query, text: q, status: 'published', sort: SORTS.name }),
  );

  return api;
}

function summary({ _id: id, sku, name, price, currency, status, categoryId, availability, createdAt }: Entry) {
  return {
    id,
    sku,
    name,
    price: { amount: price, currency },
    status,
    categoryId,
    availability: { status: availability },
    createdAt: new Date(createdAt).toISOString(),
  };
}
