import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDocuments, type Collection, type Documents, type Versioned } from '../src/documents/documents.js';
import { startMongodb } from './mongodb.js';

export interface Product extends Versioned {
  category: string;
  price: number;
  active: boolean;
  name: string;
  tags: string[];
  sizes: number[];
  description?: string;
  note?: string;
}

export function aProduct(product: Partial<Product> & { _id: string }): Product {
  return { version: 1, category: 'shirts', price: 1999, active: true, name: 'Blue shirt', tags: [], sizes: [], ...product };
}

export interface Place {
  name: 'SQLite in memory' | 'SQLite in a file' | 'MongoDB' | 'FerretDB';
  url: string;
  stop: () => Promise<void>;
}

/**
 * Returns every place where documents can be kept. MongoDB is one only if TEST_MONGODB_URL names a
 * server; else FerretDB is, if it can be started.
 */
export async function documentsPlaces(): Promise<Place[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-documents-'));
  const mongodb = await startMongodb().catch((error: unknown) => {
    process.stderr.write(`Documents on MongoDB are not tested: ${String(error)}\n`);
    return undefined;
  });
  return [
    { name: 'SQLite in memory', url: 'memory:', stop: async () => undefined },
    { name: 'SQLite in a file', url: `file:${folder}`, stop: () => rm(folder, { recursive: true }) },
    ...(mongodb ? [mongodb] : []),
  ];
}

/** Opens a new collection with these products. */
export async function openProducts(documents: Documents, ...initial: Product[]): Promise<Collection<Product>> {
  const collection = await documents.collection<Product>(`products-${randomUUID()}`, {
    indexes: [['category', 'price'], ['price']],
    arrays: ['tags'],
    text: ({ name, description = '' }) => ({ name, rest: description }),
  });
  for (const product of initial) await collection.put(product);
  return collection;
}

/** Opens the documents of a place. `close` also ends what was started for it. */
export async function openPlace({ url, stop }: Place): Promise<Documents> {
  const documents = await openDocuments({ url });
  return { ...documents, close: async () => (await documents.close(), stop()) };
}
