import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createVerifier } from '@sidecart/chassis/auth';
import { openDocuments, type Documents } from '@sidecart/chassis/documents';
import { DomainError } from '@sidecart/chassis/errors';
import { createHttp } from '@sidecart/chassis/http';
import type { Availability } from '@sidecart/contracts/inventory';
import { until } from '@sidecart/runner/until';
import { startApp, type TestApp } from '@sidecart/testing/app';
import { euros } from '@sidecart/testing/builders';
import { aUser } from '@sidecart/testing/tokens';
import { createApp, type CatalogDeps } from '../src/app.js';

export const staff = aUser({ id: 'sue', role: 'staff', permissions: ['catalog'] });

export interface Catalog extends TestApp {
  /**
   * The stock of each SKU in the fake inventory, which refuses others as unknown. `never` does not
   * answer.
   */
  stock: Map<string, { available: number; availability: Availability } | 'never'>;
  /** How often the state was read and inventory was called. */
  asked: { state: number; inventory: number };
  /** Starts the service once more on the same state, as a restart with these documents does. */
  restart(documents: Documents): ReturnType<typeof createApp>;
  /** Starts another replica: the same state, and documents of its own. */
  replica(documents: Documents): Promise<Replica>;
}

export interface Replica {
  get(path: string): Promise<Response>;
  close(): Promise<void>;
}

export async function startCatalog({ documents }: { documents?: Documents } = {}): Promise<Catalog> {
  const stocks: Catalog['stock'] = new Map();
  const asked = { state: 0, inventory: 0 };
  let started: CatalogDeps | undefined;
  const stock: CatalogDeps['stock'] = async ({ sku }) => {
    asked.inventory += 1;
    const known = stocks.get(sku);
    if (known === 'never') return new Promise(() => undefined);
    if (!known) throw new DomainError('missing', 'not-found', 'The SKU was not found.');
    return known;
  };
  const index = documents ?? (await openDocuments({ url: 'memory:' }));
  const app = await startApp('catalog', { DOCUMENTS_URL: 'memory:', CURRENCY: 'EUR' }, (deps) => {
    const read: typeof deps.store.read = (key) => {
      asked.state += 1;
      return deps.store.read(key);
    };
    started = { ...deps, store: { ...deps.store, read }, documents: index, stock };
    return createApp(started);
  });
  const restart: Catalog['restart'] = async (again) => {
    if (!started) throw new Error('not started');
    return createApp({ ...started, documents: again });
  };
  const replica: Catalog['replica'] = async (own) => {
    if (!started) throw new Error('not started');
    return served(await restart(own), started.logger);
  };
  return { ...app, stock: stocks, asked, restart, replica };
}

async function served(app: Awaited<ReturnType<typeof createApp>>, logger: CatalogDeps['logger']): Promise<Replica> {
  const verify = createVerifier({ keySet: async () => ({ keys: [] }) });
  const http = createHttp({ service: 'catalog', logger, verify, routes: app.routes, sidecar: [], appToken: randomUUID() });
  const server = createServer(http).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    get: (path) => fetch(`http://127.0.0.1:${port}${path}`),
    async close() {
      server.close();
      server.closeAllConnections();
      await app.close?.();
    },
  };
}

let count = 0;

/** The body of a request for a published product that costs 10.00 euros. */
export function aProductBody(fields: Record<string, unknown> = {}) {
  count += 1;
  return { sku: `SKU-${count}`, name: `Product ${count}`, price: euros(1000), status: 'published', ...fields };
}

/** Adds a product and returns it. */
export async function added(catalog: Catalog, fields: Record<string, unknown> = {}): Promise<{ id: string; sku: string }> {
  const answer = await catalog.request('POST', '/api/products', aProductBody(fields), { as: staff });
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Adds a category and returns its id. */
export async function category(catalog: Catalog, slug: string, parentId: string | null = null): Promise<string> {
  const answer = await catalog.request('POST', '/api/categories', { name: slug, slug, parentId }, { as: staff });
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}

/** Returns the type and sequence of the events of a subject, once there are at least `count`. */
export function eventsOf(catalog: Catalog, id: string, count: number) {
  const events = () => catalog.published.filter(({ subject }) => subject === id).map(({ type, sequence }) => [type, sequence]);
  return until(`${count} events of ${id}`, 5, async () => events().length >= count && events());
}
