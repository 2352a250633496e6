/**
 * `npm run bench -- documents [products ...]`: the embedded index, with 10,000 and 100,000 products
 * by default. Each size runs in a separate process, over a file. On a busy machine, compare the
 * processor time of an operation, not its rate.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { exactTerms, openDocuments, type Collection } from '@sidecart/chassis/documents';
import { z } from 'zod';
import { createShelf, type Shelved } from './shelf.js';

const Result = z.record(z.string(), z.union([z.string(), z.number()]));
const SECONDS = 3;
const LOADED_AT_ONCE = 250;
const [only] = process.argv.slice(2).map(Number);

if (process.send) process.send(await measured(only ?? 0));
else await compare();

async function compare(): Promise<void> {
  const sizes = process.argv.length > 2 ? process.argv.slice(2) : ['10000', '100000'];
  console.log(`${cpus().length} cores (${cpus()[0]?.model}).`);
  const columns: Record<string, Record<string, unknown>> = {};
  for (const size of sizes) {
    const child = fork(new URL(import.meta.url), [size]);
    const [result]: unknown[] = await once(child, 'message');
    for (const [name, value] of Object.entries(Result.parse(result))) (columns[name] ??= {})[`${size} products`] = value;
  }
  console.table(columns);
}

async function measured(size: number): Promise<z.infer<typeof Result>> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-bench-'));
  const documents = await openDocuments({ url: `file:${folder}` });
  const products = await documents.collection<Shelved>('products', {
    indexes: [
      ['status', 'createdAt'],
      ['status', 'categoryId', 'createdAt'],
      ['status', 'categoryId', 'price'],
      ['status', 'price'],
      ['status', 'name'],
      ['status', 'brand'],
      ['status', 'availability'],
    ],
    arrays: ['attributes'],
    text: ({ name, brand, description }) => ({ name: `${name} ${brand}`, rest: description }),
  });
  const shelf = createShelf();
  const before = process.memoryUsage().rss;
  const loading = await load(products, size, shelf);
  const rates = await rate(products, size, shelf);
  const memory = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
  const file = Math.round((await stat(join(folder, 'documents.sqlite'))).size / 2 ** 20);
  await documents.close();
  await rm(folder, { recursive: true });
  return { ...loading, ...rates, 'memory, MB more': memory, 'file, MB': file };
}

async function load(products: Collection<Shelved>, size: number, shelf: ReturnType<typeof createShelf>) {
  const start = performance.now();
  const processor = process.cpuUsage();
  let slowest = 0;
  for (let n = 0; n < size; n += LOADED_AT_ONCE) {
    const begin = performance.now();
    await Promise.all(Array.from({ length: Math.min(LOADED_AT_ONCE, size - n) }, (_, i) => products.put(shelf.product(n + i))));
    slowest = Math.max(slowest, performance.now() - begin);
  }
  const seconds = (performance.now() - start) / 1_000;
  return {
    'load, documents/s': Math.round(size / seconds),
    'load, s': `${seconds.toFixed(1)} (processor ${(spent(processor) / 1_000).toFixed(1)})`,
    'slowest group of 250, ms': Math.round(slowest),
  };
}

async function rate(products: Collection<Shelved>, size: number, { product, word, pick, categories }: ReturnType<typeof createShelf>) {
  const where = { status: 'published' };
  const category = () => ({ ...where, categoryId: `category-${pick(categories)}` });
  const prefix = (letters: number) => word().slice(0, letters);
  const facets = [
    { field: 'categoryId', limit: 100 },
    { field: 'brand', limit: 50 },
    { field: 'availability', limit: 10 },
    { field: 'attributes', limit: 200 },
  ] as const;
  const search = (text: string, limit = 20) => products.find({ where, terms: exactTerms(text), sort: 'relevance', limit });
  let version = 1;
  const operations: Record<string, () => Promise<unknown>> = {
    'newest 20': () => products.find({ where, sort: '-createdAt', limit: 20 }),
    '20 of a category by price': () => products.find({ where: category(), sort: 'price', limit: 20 }),
    '20 of 10 categories by price': () => {
      const $in = Array.from({ length: 10 }, () => `category-${pick(categories)}`);
      return products.find({ where: { ...where, categoryId: { $in } }, sort: 'price', limit: 20 });
    },
    '20 with an attribute, newest': () =>
      products.find({ where: { ...where, attributes: `Size=${pick(12)}` }, sort: '-createdAt', limit: 20 }),
    'one by id': () => products.get(`product-${pick(size)}`),
    'search, a prefix of 4': () => search(prefix(4)),
    'search, two prefixes of 4': () => search(`${prefix(4)} ${prefix(4)}`),
    'search, a prefix of 1': () => search(prefix(1)),
    'search by price, a prefix of 4': () => products.find({ where, terms: exactTerms(prefix(4)), sort: 'price', limit: 20 }),
    'suggestions, a prefix of 3': () => products.suggest({ where, terms: exactTerms(prefix(3)), limit: 8 }),
    'a mistake corrected': () => products.terms(`${word()}x`, where),
    'facets of a category': () => products.facets({ where: category(), of: facets }),
    'facets of a search': () => products.facets({ where, terms: exactTerms(`${prefix(4)} ${prefix(4)}`), of: facets }),
    'facets of everything': () => products.facets({ where, of: facets }),
    'a change of price': () => products.put({ ...product(0), _id: 'product-0', version: (version += 1), price: version }),
  };
  const rates: Record<string, string> = {};
  for (const [name, operation] of Object.entries(operations)) rates[`${name}, per s`] = await perSecond(operation);
  return rates;
}

async function perSecond(operation: () => Promise<unknown>): Promise<string> {
  await operation();
  const times: number[] = [];
  const processor = process.cpuUsage();
  const start = performance.now();
  for (let now = start; now - start < SECONDS * 1_000;) {
    await operation();
    const end = performance.now();
    times.push(end - now);
    now = end;
  }
  times.sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
  return `${Math.round(times.length / SECONDS)} (p99 ${p99.toFixed(1)} ms, processor ${(spent(processor) / times.length).toFixed(3)} ms)`;
}

/** Returns the processor time of this process since an earlier sample, in ms. */
function spent(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}
