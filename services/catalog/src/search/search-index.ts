import { exactTerms, words, type Documents, type Filter, type Sort, type Versioned } from '@sidecart/chassis/documents';
import type { Logger } from '@sidecart/chassis/logger';
import type { ProductStatus } from '@sidecart/contracts/catalog';
import type { Availability } from '@sidecart/contracts/inventory';
import { byIdOrSlug, subtreeIds, type Category } from '../categories/category.js';
import type { Categories } from '../categories/store.js';
import { lastReported, type ReportedAvailability } from '../products/availability.js';
import type { Product } from '../products/product.js';
import type { Products } from '../products/store.js';

/** A product as lists show it. It has everything that they need, so a list reads no state. */
export interface Entry extends Versioned {
  /** The id of the state that it was built from. */
  stateId: string;
  sku: string;
  name: string;
  /** The name in the form that lists are sorted by. */
  sortName: string;
  price: number;
  currency: string;
  status: ProductStatus;
  categoryId: string | null;
  availability: Availability;
  /** In ms since the Unix epoch. */
  createdAt: number;
  /** The values of its attributes and its description, for the search. */
  text: string;
}

interface TreeEntry extends Versioned {
  stateId: string;
  categories: readonly Category[];
}

/** Exists once the whole state is in the index. */
interface Complete extends Versioned {
  stateId: string;
}

export interface Query {
  status: ProductStatus;
  /** The id or slug of a category. Its subcategories are included. */
  category?: string | undefined;
  /** A product must have a word that begins with each word of this text. */
  text?: string;
  minPrice?: number | undefined;
  maxPrice?: number | undefined;
  sort: Sort<Entry>;
  limit: number;
  cursor?: string | undefined;
}

export interface SearchIndexOptions {
  documents: Documents;
  products: Products;
  categories: Categories;
  stateId: string;
  logger: Logger;
}

/** Of the form of the entries. */
const VERSION = 2;

const TREE = 'tree';
const COMPLETE = 'complete';

const INDEXES = [
  ['categoryId', 'createdAt'],
  ['categoryId', 'sortName'],
  ['categoryId', 'price'],
  ['createdAt'],
  ['sortName'],
  ['price'],
] as const;

export type SearchIndex = Awaited<ReturnType<typeof createSearchIndex>>;

/**
 * Lists and search. The index is built from state alone: after each commit, again by the commit's
 * events, which are redelivered for a while, and as a whole at the start unless it is complete.
 * Replicas may share the documents.
 */
export async function createSearchIndex({ documents, products, categories, stateId, logger }: SearchIndexOptions) {
  const entries = await documents.collection<Entry>('products', {
    version: VERSION,
    indexes: INDEXES,
    text: ({ name, sku, text }) => ({ name: `${name} ${sku}`, rest: text }),
  });
  const trees = await documents.collection<TreeEntry>('categories', { version: VERSION, indexes: [] });
  const complete = await documents.collection<Complete>('complete', { version: VERSION, indexes: [] });

  async function refresh(id: string): Promise<void> {
    const product = await products.byId(id);
    if (!product) return;
    const entry = entryOf(stateId, product, await products.reportedAvailability(product));
    await (product.deletedAt === null ? entries.put(entry) : entries.remove(id, entry.version));
  }

  async function refreshTree(): Promise<void> {
    await trees.put({ _id: TREE, stateId, ...(await categories.tree()) });
  }

  async function indexAll(): Promise<void> {
    let cursor: string | undefined;
    do {
      const { data, next } = await products.ids(cursor);
      await Promise.all(data.map(refresh));
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    await refreshTree();
    await complete.put({ _id: COMPLETE, version: 0, stateId });
  }

  async function subtree(category: string): Promise<string[]> {
    const tree = await trees.get(TREE);
    const top = tree && byIdOrSlug(tree, category);
    return top ? subtreeIds(tree, top.id) : [];
  }

  return {
    refresh,
    refreshTree,

    /**
     * Waits for an update after a commit. If it fails, the commit stands, and its event updates the
     * index later.
     */
    async attempt(update: Promise<void>): Promise<void> {
      await update.catch((error: unknown) => logger.warn({ err: error }, 'search index not updated; the event will do it'));
    },

    /**
     * Indexes the whole state unless that is done. Keeps what other replicas have indexed of it
     * meanwhile.
     */
    async ensure(): Promise<void> {
      if ((await complete.get(COMPLETE))?.stateId === stateId) return;
      await Promise.all([entries.retain('stateId', stateId), trees.retain('stateId', stateId), complete.retain('stateId', stateId)]);
      await indexAll();
    },

    /** Clears the index, indexes the whole state, and returns the number of products. */
    async rebuild(): Promise<number> {
      await complete.clear(); // first: if this is interrupted, the next start indexes the rest
      await Promise.all([entries.clear(), trees.clear()]);
      await indexAll();
      return entries.count();
    },

    async list({ status, category, text, minPrice, maxPrice, sort, limit, cursor }: Query): Promise<{ items: Entry[]; next?: string }> {
      const where: Filter<Entry> = {
        status,
        ...(category === undefined ? {} : { categoryId: { $in: await subtree(category) } }),
        ...(minPrice === undefined && maxPrice === undefined ? {} : { price: range(minPrice, maxPrice) }),
      };
      return entries.find({ where, terms: text === undefined ? undefined : exactTerms(text), sort, limit, after: cursor });
    },
  };
}

function range(from = 0, to = Number.MAX_SAFE_INTEGER) {
  return { $gte: from, $lte: to };
}

function entryOf(stateId: string, product: Product, reported: ReportedAvailability | undefined): Entry {
  const { id, sku, name, description, price, status, categoryId, attributes } = product;
  return {
    _id: id,
    stateId,
    // Grows with each of the two documents that the entry is built from.
    version: product.version + (reported?.sequence ?? 0),
    sku,
    name,
    sortName: words(name).join(' ').slice(0, 100),
    price: price.amount,
    currency: price.currency,
    status,
    categoryId,
    availability: lastReported(reported),
    createdAt: Date.parse(product.createdAt),
    text: [...attributes.map(({ value }) => value), description].join(' '),
  };
}
