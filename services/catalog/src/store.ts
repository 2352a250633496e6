import { randomUUID } from 'node:crypto';
import { append, list, page } from '@sidecart/chassis/lists';
import { key, put, remove, type Docs, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { Availability } from '@sidecart/contracts/inventory';
import { EMPTY, unknownCategory, type Arranged, type Tree } from './category.js';
import { shownTo, skuTaken, type Changed, type Product } from './product.js';

/** What inventory last said of a SKU, and with which of its changes. */
export interface Known {
  availability: Availability;
  sequence: number;
}

const ORIGIN = key<{ id: string }>('origin');
const PRODUCTS = list<string>('products');
const TREE = key<Tree>('categories');
const productKey = (id: string) => key<Product>('product', id);
const skuKey = (sku: string) => key<{ productId: string }>('sku', sku);
const knownKey = (sku: string) => key<Known>('sku-availability', sku);
/** Where version 0.1 kept it: by product, though the sequence is the SKU's. */
const oldKnownKey = (productId: string) => key<Known>('availability', productId);
/** How many products a category holds. It is there as long as the category. */
const filedKey = (categoryId: string) => key<{ products: number }>('filed', categoryId);

export type Shelves = ReturnType<typeof createShelves>;

/** The catalogue's documents. */
export function createShelves(store: Store) {
  return {
    /** Tells this state from any other; made once. */
    origin(): Promise<string> {
      const made = { id: randomUUID() };
      return store.transact([ORIGIN], (docs) => {
        const known = docs.get(ORIGIN);
        return { write: known ? [] : [put(ORIGIN, made)], result: (known ?? made).id };
      });
    },

    /** A product, deleted or not. */
    product: (id: string) => store.read(productKey(id)),

    /** The product with this SKU, deleted or not. */
    async productOf(sku: string): Promise<Readonly<Product> | undefined> {
      const owner = await store.read(skuKey(sku));
      return owner && store.read(productKey(owner.productId));
    },

    known: async ({ id, sku }: Pick<Product, 'id' | 'sku'>): Promise<Known | undefined> => {
      const [known, old] = await Promise.all([store.read(knownKey(sku)), store.read(oldKnownKey(id))]);
      return known ?? old;
    },

    tree: async (): Promise<Tree> => (await store.read(TREE)) ?? EMPTY,

    /** A part of the ids of all products that ever were, to walk through. */
    ids: (cursor: string | undefined) => page(store, PRODUCTS, { cursor, limit: 100 }),

    /** Throws `conflict` where the SKU is taken. */
    add({ product, event }: Changed): Promise<Product> {
      const { id, sku, categoryId } = product;
      return store.transact([skuKey(sku), productKey(id), PRODUCTS.at, ...(categoryId === null ? [] : [filedKey(categoryId)])], (docs) => {
        if (docs.get(skuKey(sku))) throw skuTaken(sku);
        const write = [put(productKey(id), product), put(skuKey(sku), { productId: id }), ...append(docs, PRODUCTS, id)];
        return { write: [...write, ...refiled(docs, undefined, product)], events: [event], result: product };
      });
    },

    /** Throws `missing` where the product is not there, or not any more. */
    update(id: string, change: (product: Product) => Changed): Promise<Product> {
      return store.transact([productKey(id)], (docs) => {
        const before = shownTo(true, docs.get(productKey(id)));
        const { product, event } = change(before);
        return { write: [put(productKey(id), product), ...refiled(docs, before, product)], events: [event], result: product };
      });
    },

    /** Keeps what inventory says of a SKU unless something newer is known; also before its product is known. */
    learn(sku: string, news: Known): Promise<void> {
      return store.transact([knownKey(sku)], (docs) => {
        const newer = news.sequence > (docs.get(knownKey(sku))?.sequence ?? -1);
        return { write: newer ? [put(knownKey(sku), news)] : [], result: undefined };
      });
    },

    /** `change` gets the tree and the number of products that this category holds. */
    arrange(categoryId: string, change: (tree: Tree, products: number) => Arranged): Promise<Tree> {
      const at = filedKey(categoryId);
      return store.transact([TREE, at], (docs) => {
        const filed = docs.get(at) ?? { products: 0 };
        const { tree, event } = change(docs.get(TREE) ?? EMPTY, filed.products);
        const stays = tree.categories.some(({ id }) => id === categoryId);
        return { write: [put(TREE, tree), stays ? put(at, filed) : remove(at)], events: [event], result: tree };
      });
    },
  };
}

/** The writes that keep the categories' numbers of products. Throws `invalid` where the product's category is not there. */
function refiled(docs: Docs, before: Product | undefined, after: Product): Write[] {
  const [from, to] = [categoryOf(before), categoryOf(after)];
  if (from === to) return [];
  return [...(from === null ? [] : [filed(docs, from, -1)]), ...(to === null ? [] : [filed(docs, to, 1)])];
}

function filed(docs: Docs, categoryId: string, by: number): Write {
  const count = docs.get(filedKey(categoryId));
  if (!count) throw unknownCategory('categoryId');
  return put(filedKey(categoryId), { products: count.products + by });
}

const categoryOf = (product: Product | undefined) => (product && product.deletedAt === null ? product.categoryId : null);
