import { search, words, type Documents, type Filter, type Sort, type Versioned } from '@sidecart/chassis/documents';
import type { Logger } from '@sidecart/chassis/logger';
import type { ProductStatus } from '@sidecart/contracts/catalog';
import type { Availability } from '@sidecart/contracts/inventory';
import { lastKnown } from './availability.js';
import { family, named, type Category } from './category.js';
import type { Product } from './product.js';
import type { Known, Shelves } from './store.js';

/** A product in lists: all that they show, so that none needs the state. */
export interface Entry extends Versioned {
  /** The state that it is made from. */
  of: string;
  sku: string;
  name: string;
  /** For the order by name. */
  folded: string;
  price: number;
  currency: string;
  status: ProductStatus;
  categoryId: string | null;
  availability: Availability;
  /** In ms since 1970. */
  createdAt: number;
  words: string[];
}

interface TreeEntry extends Versioned {
  /** The state that it is made from. */
  of: string;
  categories: readonly Category[];
}

/** There once all of this state is in the index. */
interface Complete extends Versioned {
  of: string;
}

export interface Wanted {
  status: ProductStatus;
  /** The id or the slug of a category; what stands in those below it is wanted too. */
  category?: string | undefined;
  /** Words, each of which a product must have, if only its beginning. */
  text?: string;
  minPrice?: number | undefined;
  maxPrice?: number | undefined;
  sort: Sort<Entry>;
  limit: number;
  cursor?: string | undefined;
}

const TREE = 'tree';
const COMPLETE = 'complete';

export type SearchIndex = Awaited<ReturnType<typeof createSearchIndex>>;

/**
 * Lists and search. Made from state alone: after each commit, again by that commit's events, which are repeated for a while, and as a whole
 * at the start unless all of this state is there. Replicas may share the documents.
 */
export async function createSearchIndex({ documents, shelves, logger }: { documents: Documents; shelves: Shelves; logger: Logger }) {
  const products = await documents.collection<Entry>('products', {
    indexes: [
      ['categoryId', 'createdAt'],
      ['categoryId', 'folded'],
      ['categoryId', 'price'],
      ['createdAt'],
      ['folded'],
      ['price'],
      ['words'],
    ],
  });
  const trees = await documents.collection<TreeEntry>('categories', { indexes: [] });
  const complete = await documents.collection<Complete>('complete', { indexes: [] });
  const of = await shelves.origin();

  async function refresh(id: string): Promise<void> {
    const product = await shelves.product(id);
    if (!product) return;
    const entry = entryOf(of, product, await shelves.known(product));
    await (product.deletedAt === null ? products.put(entry) : products.remove(id, entry.version));
  }

  async function refreshTree(): Promise<void> {
    await trees.put({ _id: TREE, of, ...(await shelves.tree()) });
  }

  async function indexAll(): Promise<void> {
    let cursor: string | undefined;
    do {
      const { data, next } = await shelves.ids(cursor);
      await Promise.all(data.map(refresh));
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    await refreshTree();
    await complete.put({ _id: COMPLETE, version: 0, of });
  }

  return {
    refresh,
    refreshTree,

    /** What is committed is done, whatever becomes of the index: its event tries again. */
    async attempt(update: Promise<void>): Promise<void> {
      await update.catch((error: unknown) => logger.warn({ err: error }, 'the index is behind until the event comes'));
    },

    /** Indexes all of this state unless that is done. What other replicas have indexed of it meanwhile stays. */
    async ensure(): Promise<void> {
      if ((await complete.get(COMPLETE))?.of === of) return;
      await Promise.all([products.retain('of', of), trees.retain('of', of), complete.retain('of', of)]);
      await indexAll();
    },

    /** Forgets everything and indexes all of this state. Returns the number of products. */
    async rebuild(): Promise<number> {
      await complete.clear(); // first: if this is cut short, the next start indexes the rest
      await Promise.all([products.clear(), trees.clear()]);
      await indexAll();
      return products.count();
    },

    async list({ status, category, text, minPrice, maxPrice, sort, limit, cursor }: Wanted): Promise<{ items: Entry[]; next?: string }> {
      const where: Filter<Entry> = {
        status,
        ...(category === undefined ? {} : { categoryId: { $in: await below(category) } }),
        ...(minPrice === undefined && maxPrice === undefined ? {} : { price: range(minPrice, maxPrice) }),
        ...(text === undefined ? {} : search(text)),
      };
      return products.find({ where, sort, limit, after: cursor });
    },
  };

  async function below(category: string): Promise<string[]> {
    const tree = await trees.get(TREE);
    const top = tree && named(tree, category);
    return top ? family(tree, top.id) : [];
  }
}

function range(from = 0, to = Number.MAX_SAFE_INTEGER) {
  return { $gte: from, $lte: to };
}

function entryOf(of: string, product: Product, known: Known | undefined): Entry {
  const { id, sku, name, description, price, status, categoryId, attributes } = product;
  return {
    _id: id,
    of,
    // Grows with each of the two that the entry is made from.
    version: product.version + (known?.sequence ?? 0),
    sku,
    name,
    folded: words(name).join(' ').slice(0, 100),
    price: price.amount,
    currency: price.currency,
    status,
    categoryId,
    availability: lastKnown(known),
    createdAt: Date.parse(product.createdAt),
    words: words([name, sku, ...attributes.map(({ value }) => value), description].join(' ')),
  };
}
