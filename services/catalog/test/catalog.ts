import { openDocuments, type Documents } from '@sidecart/chassis/documents';
import { DomainError } from '@sidecart/chassis/errors';
import type { Availability } from '@sidecart/contracts/inventory';
import { startApp, type TestApp } from '@sidecart/testing/app';
import { aUser } from '@sidecart/testing/tokens';
import { createApp, type CatalogDeps } from '../src/app.js';
import type { AskStock } from '../src/availability.js';

export const staff = aUser({ id: 'sue', role: 'staff', permissions: ['catalog'] });

export interface Catalog extends TestApp {
  /** What the fake inventory knows, by SKU; others it refuses as unknown. `never` does not answer. */
  stock: Map<string, { available: number; availability: Availability } | 'never'>;
  /** How often the state was read and inventory was asked. */
  asked: { state: number; inventory: number };
  /** Starts the service once more on the same state, as a restart with these documents would. */
  restart(documents: Documents): ReturnType<typeof createApp>;
}

export async function startCatalog({ documents }: { documents?: Documents } = {}): Promise<Catalog> {
  const stock: Catalog['stock'] = new Map();
  const asked = { state: 0, inventory: 0 };
  let started: CatalogDeps | undefined;
  const ask: AskStock = async ({ sku }) => {
    asked.inventory += 1;
    const known = stock.get(sku);
    if (known === 'never') return new Promise(() => undefined);
    if (!known) throw new DomainError('missing', 'not-found', 'The SKU was not found.');
    return { sku, ...known };
  };
  const index = documents ?? (await openDocuments({ url: 'memory:' }));
  const app = await startApp('catalog', { DOCUMENTS_URL: 'memory:', CURRENCY: 'EUR' }, (deps) => {
    const read: typeof deps.store.read = (key) => {
      asked.state += 1;
      return deps.store.read(key);
    };
    started = { ...deps, store: { ...deps.store, read }, documents: index, stock: ask };
    return createApp(started);
  });
  const restart: Catalog['restart'] = async (again) => {
    if (!started) throw new Error('not started');
    return createApp({ ...started, documents: again });
  };
  return { ...app, stock, asked, restart };
}

let count = 0;

/** The body of a published product, or what is told otherwise. */
export function aProduct(fields: Record<string, unknown> = {}) {
  count += 1;
  return { sku: `SKU-${count}`, name: `Product ${count}`, price: { amount: 1000, currency: 'EUR' }, status: 'published', ...fields };
}

/** Adds a product and answers it. */
export async function added(catalog: Catalog, fields: Record<string, unknown> = {}): Promise<{ id: string; sku: string }> {
  const answer = await catalog.request('POST', '/api/products', aProduct(fields), { as: staff });
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Adds a category and answers its id. */
export async function category(catalog: Catalog, slug: string, parentId: string | null = null): Promise<string> {
  const answer = await catalog.request('POST', '/api/categories', { name: slug, slug, parentId }, { as: staff });
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}
