import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { listen } from '../src/tools/listen.js';
import { readCatalogue, seed } from '../src/shop/seed.js';

const Category = z.object({ slug: z.string(), parentId: z.string().nullable() });
const Product = z.object({ sku: z.string(), status: z.literal('published'), categoryId: z.string(), price: z.object({ amount: z.int() }) });
const Movement = z.object({ type: z.literal('receive'), quantity: z.int(), reason: z.string() });

let server: Server;
let api: string;
let categories: { id: string; slug: string; parentId: string | null }[];
let products: Map<string, z.infer<typeof Product>>;
let stocks: Map<string, number[]>;
/** After this many products the shop refuses everything. */
let failsAfter: number;
/** How many of the next requests are refused because there were too many. */
let limited: number;

/**
 * A fake of the routes that seeding uses. A stock record appears after the first request for it.
 */
function answer(method: string, path: string, authorization: string | undefined, key: unknown, body: unknown): [number, unknown] {
  if (limited-- > 0) return [429, {}];
  if (path === '/api/auth/login') return [200, { accessToken: 'token' }];
  if (authorization !== 'Bearer token') return [401, {}];
  if (products.size >= failsAfter) return [503, {}];
  if (path === '/api/categories' && method === 'GET') return [200, { data: below(null) }];
  if (path === '/api/categories') {
    const category = { id: `id-${categories.length}`, ...Category.parse(body) };
    categories.push(category);
    return [201, category];
  }
  if (path === '/api/products') {
    const product = Product.parse(body);
    if (products.has(product.sku)) return [409, {}];
    products.set(product.sku, product);
    return [201, product];
  }
  const sku = /^\/api\/inventories\/([\w-]+)\/movements/.exec(path)?.[1] ?? '';
  const stock = stocks.get(sku);
  if (!stock) {
    if (products.has(sku)) stocks.set(sku, []);
    return [404, {}];
  }
  if (method === 'GET') return [200, { data: stock }];
  if (key !== `seed-${sku}`) return [400, {}];
  stock.push(Movement.parse(body).quantity);
  return [201, {}];
}

const below = (parentId: string | null): object[] =>
  categories.filter((each) => each.parentId === parentId).map((each) => ({ ...each, children: below(each.id) }));

beforeEach(async () => {
  [categories, products, stocks, failsAfter, limited] = [[], new Map(), new Map(), Number.POSITIVE_INFINITY, 0];
  server = createServer((req, res) => {
    const reply = (body: unknown) => {
      const [status, data] = answer(req.method ?? '', req.url ?? '', req.headers.authorization, req.headers['idempotency-key'], body);
      res.writeHead(status, status === 429 ? { 'retry-after': '0' } : {}).end(JSON.stringify(data));
    };
    void json(req)
      .catch(() => undefined)
      .then(reply);
  });
  api = `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const run = (lines: string[] = []) => seed({ api, email: 'admin@shop.example', password: 'secret', log: (line) => lines.push(line) });

test('the catalogue has about 60 products in 8 categories, each with its own SKU and a price', async () => {
  const catalogue = await readCatalogue();
  const goods = catalogue.flatMap((category) => category.products);
  expect(catalogue).toHaveLength(8);
  expect(goods.length).toBeGreaterThanOrEqual(60);
  expect(new Set(goods.map(({ sku }) => sku)).size).toBe(goods.length);
  expect(goods.filter(({ description, price }) => description.length < 40 || price < 100)).toEqual([]);
});

describe('seeding', () => {
  test('adds every product to its category, with its stock', async () => {
    const lines: string[] = [];
    await run(lines);
    const catalogue = await readCatalogue();
    expect(lines).toEqual(['61 of 61 products added, in 8 categories']);
    for (const { slug, parent, products: goods } of catalogue) {
      const category = categories.find((each) => each.slug === slug);
      expect(categories.find(({ id }) => id === category?.parentId)?.slug).toBe(parent);
      for (const { sku, stock, price } of goods) {
        expect(products.get(sku)).toMatchObject({ categoryId: category?.id, price: { amount: price } });
        expect(stocks.get(sku)).toEqual([stock]);
      }
    }
  });

  test('changes nothing the second time', async () => {
    await run();
    const before = structuredClone([categories, products, stocks]);
    const lines: string[] = [];
    await run(lines);
    expect(lines).toEqual(['0 of 61 products added, in 8 categories']);
    expect([categories, products, stocks]).toEqual(before);
  });

  test('waits when a rate limit is exceeded', async () => {
    limited = 2;
    await run();
    expect([limited < 0, products.size]).toEqual([true, 61]);
  });

  test('continues where it was interrupted', async () => {
    failsAfter = 30;
    await expect(run()).rejects.toThrow('503');
    failsAfter = Number.POSITIVE_INFINITY;
    await run();
    expect(products.size).toBe(61);
    expect([...stocks.values()].filter((movements) => movements.length !== 1)).toEqual([]);
    expect(categories).toHaveLength(8);
  });
});
