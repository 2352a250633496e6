import type { Documents } from '@sidecart/chassis/documents';
import type { App, Deps } from '@sidecart/chassis/service';
import { subscriptions } from '@sidecart/chassis/subscriptions';
import { categoryRoutes } from './categories/routes.js';
import { openCategories } from './categories/store.js';
import type { Settings } from './config.js';
import { createAvailability, type Inventory } from './products/availability.js';
import { productCalls } from './products/calls.js';
import { productRoutes } from './products/routes.js';
import { openProducts } from './products/store.js';
import { subscribeProducts } from './products/subscriptions.js';
import { searchCalls } from './search/calls.js';
import { searchRoutes } from './search/routes.js';
import { createSearchIndex } from './search/search-index.js';
import { readStateId } from './search/store.js';
import { subscribeSearch } from './search/subscriptions.js';

export interface CatalogDeps extends Pick<Deps<Settings>, 'settings' | 'store' | 'logger'>, Inventory {
  documents: Documents;
}

export async function createApp({ settings, store, logger, documents, stock }: CatalogDeps): Promise<App> {
  const products = openProducts(store);
  const categories = openCategories(store);
  const index = await createSearchIndex({ documents, products, categories, stateId: await readStateId(store), logger });
  await index.ensure();
  const availability = createAvailability({ stock, reported: (product) => products.reportedAvailability(product), logger });
  const onChange = (id: string) => index.attempt(index.refresh(id));
  const events = subscriptions({ app: 'catalog', logger });
  subscribeProducts(events, { products, refresh: index.refresh });
  subscribeSearch(events, index);
  return {
    routes: [
      searchRoutes(index), // first: /api/products/search is no /api/products/:id
      productRoutes({ currency: settings.CURRENCY, products, availability, onChange }),
      categoryRoutes({ categories, onChange: () => index.attempt(index.refreshTree()) }),
      productCalls(products),
      searchCalls(index),
    ],
    subscriptions: events,
    close: () => documents.close(),
  };
}
