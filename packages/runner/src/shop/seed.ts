/** Adds a small catalogue with stock through the public API, as an admin would. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fetch, type RequestInit, type Response } from 'undici';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../tools/root.js';
import { until } from '../tools/until.js';

export interface SeedOptions {
  /** The shop's address, e.g. `http://localhost:8080`. */
  api: string;
  /** The email address of the admin. */
  email: string;
  password: string;
  /** Called with each line of progress. */
  log: (line: string) => void;
}

const Product = z.strictObject({
  sku: z.string(),
  name: z.string(),
  /** In cents. */
  price: z.int().positive(),
  stock: z.int().positive(),
  attributes: z.record(z.string(), z.string()),
  description: z.string(),
});
const Category = z.strictObject({ slug: z.string(), name: z.string(), parent: z.string().optional(), products: z.array(Product) });
type Category = z.infer<typeof Category>;
type Product = z.infer<typeof Product>;

const AT_ONCE = 8;
const STOCK_SECONDS = 30;

export async function readCatalogue(): Promise<Category[]> {
  const text = await readFile(join(root, 'packages', 'runner', 'seed', 'catalogue.yaml'), 'utf8');
  return z.array(Category).parse(parse(text));
}

/**
 * Adds what is missing; a second time it changes nothing. Throws if the shop refuses a request, or
 * a product's stock record does not appear.
 */
export async function seed({ api, email, password, log }: SeedOptions): Promise<void> {
  const catalogue = await readCatalogue();
  const shop = await signIn(api, email, password);
  const ids = await addCategories(shop, catalogue);
  const waiting = catalogue.flatMap(({ slug, products }) => products.map((product) => ({ product, categoryId: ids.get(slug) ?? null })));
  const all = waiting.length;
  let added = 0;
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (await addProduct(shop, next.product, next.categoryId)) added += 1;
      await addStock(shop, next.product);
    }
  }
  // Wait for all before throwing: the next seed must not overlap with this one.
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
  log(`${added} of ${all} products added, in ${catalogue.length} categories`);
}

/** Returns the ids of all categories by slug. */
async function addCategories(shop: Ask, catalogue: Category[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  const note = (nodes: Trees): void => {
    for (const { id, slug, children } of nodes) {
      ids.set(slug, id);
      note(children);
    }
  };
  note(z.object({ data: z.array(Tree) }).parse((await shop('GET', '/api/categories')).body).data);
  for (const { slug, name, parent } of catalogue) {
    if (ids.has(slug)) continue;
    const parentId = parent === undefined ? null : (ids.get(parent) ?? null);
    const { body } = await shop('POST', '/api/categories', { slug, name, parentId });
    ids.set(slug, z.object({ id: z.string() }).parse(body).id);
  }
  return ids;
}

/** Returns false if the SKU exists already. */
async function addProduct(shop: Ask, { sku, name, price, attributes, description }: Product, categoryId: string | null): Promise<boolean> {
  const { status } = await shop(
    'POST',
    '/api/products',
    {
      sku,
      name,
      description,
      price: { amount: price, currency: 'EUR' },
      status: 'published',
      categoryId,
      attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
    },
    { accept: [409] },
  );
  return status === 201;
}

/** Adds the first pieces, once inventory has the stock record. */
async function addStock(shop: Ask, { sku, stock }: Product): Promise<void> {
  const path = `/api/inventories/${sku}/movements`;
  const { body } = await until(`the stock record of ${sku}`, STOCK_SECONDS, async () => {
    const answer = await shop('GET', `${path}?limit=1`, undefined, { accept: [404] });
    return answer.status === 200 && answer;
  });
  const { data } = z.object({ data: z.array(z.unknown()) }).parse(body);
  if (data.length > 0) return;
  await shop('POST', path, { type: 'receive', quantity: stock, reason: 'first stock' }, { headers: { 'idempotency-key': `seed-${sku}` } });
}

type Trees = { id: string; slug: string; children: Trees }[];
const Tree: z.ZodType<Trees[number]> = z.object({
  id: z.string(),
  slug: z.string(),
  get children() {
    return z.array(Tree);
  },
});

interface Extras {
  headers?: Record<string, string>;
  /** Statuses of refusals to return. Others are thrown. */
  accept?: number[];
}
type Ask = (method: string, path: string, body?: object, extras?: Extras) => Promise<{ status: number; body: unknown }>;

/** How often a request is sent that meets a rate limit. */
const TRIES = 3;

function client(api: string, given: Record<string, string>): Ask {
  async function send(path: string, init: RequestInit, triesLeft = TRIES): Promise<Response> {
    const answer = await fetch(api + path, { ...init, signal: AbortSignal.timeout(15_000) });
    if (answer.status !== 429 || triesLeft === 1) return answer;
    await delay(Number(answer.headers.get('retry-after')) * 1_000);
    return send(path, init, triesLeft - 1);
  }

  return async (method, path, body, { headers = {}, accept = [] } = {}) => {
    const answer = await send(path, {
      method,
      headers: { 'content-type': 'application/json', ...given, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok && !accept.includes(answer.status)) throw new Error(`${method} ${path} was refused: ${answer.status} ${text}`);
    return { status: answer.status, body: JSON.parse(text) };
  };
}

async function signIn(api: string, email: string, password: string): Promise<Ask> {
  const { body } = await client(api, {})('POST', '/api/auth/login', { email, password });
  const { accessToken } = z.object({ accessToken: z.string() }).parse(body);
  return client(api, { authorization: `Bearer ${accessToken}` });
}
