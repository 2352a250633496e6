import type { Documents } from '@sidecart/chassis/documents';
import type { App, Deps } from '@sidecart/chassis/service';
import { createAvailability, type AskStock } from './availability.js';
import { categoryRoutes } from './category-routes.js';
import type { Settings } from './config.js';
import { internalRoutes } from './internal-routes.js';
import { productRoutes } from './product-routes.js';
import { createSearchIndex } from './search-index.js';
import { createShelves } from './store.js';
import { listen } from './subscriptions.js';

export interface CatalogDeps extends Pick<Deps<Settings>, 'settings' | 'store' | 'logger'> {
  documents: Documents;
  stock: AskStock;
}

export async function createApp({ settings, store, logger, documents, stock }: CatalogDeps): Promise<App> {
  const shelves = createShelves(store);
  const index = await createSearchIndex({ documents, shelves, logger });
  await index.ensure();
  const availability = createAvailability({ stock, known: shelves.known, logger });
  return {
    routes: [
      productRoutes({ currency: settings.CURRENCY, shelves, index, availability }),
      categoryRoutes({ shelves, index }),
      internalRoutes({ shelves, index }),
    ],
    subscriptions: listen({ shelves, index, logger }),
    close: () => documents.close(),
  };
}
