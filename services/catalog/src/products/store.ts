import { append, list, page, type Page } from '@sidecart/chassis/lists';
import { key, put, type Key } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { filedKey, refile } from '../categories/store.js';
import type { ReportedAvailability } from './availability.js';
import { skuTaken, visible, type Changed, type Product } from './product.js';

/** The ids of all products, deleted ones included. */
const PRODUCTS = list<string>('products');
const productKey = (id: string): Key<Product> => key('product', id);
const skuKey = (sku: string): Key<{ productId: string }> => key('sku', sku);
const availabilityKey = (sku: string): Key<ReportedAvailability> => key('sku-availability', sku);
/**
 * Where version 0.1 kept the availability: by product, although its sequence is that of the SKU.
 */
const oldAvailabilityKey = (productId: string): Key<ReportedAvailability> => key('availability', productId);

export type Products = ReturnType<typeof openProducts>;

export function openProducts(store: Store) {
  return {
    /** Returns the product with this id, even if it is deleted. */
    byId: (id: string): Promise<Readonly<Product> | undefined> => store.read(productKey(id)),

    /** Returns the product with this SKU, even if it is deleted. */
    async bySku(sku: string): Promise<Readonly<Product> | undefined> {
      const owner = await store.read(skuKey(sku));
      return owner && store.read(productKey(owner.productId));
    },

    /** Returns a page of the ids of all products, deleted ones included. */
    ids: (cursor: string | undefined): Promise<Page<string>> => page(store, PRODUCTS, { cursor, limit: 100 }),

    /**
     * Adds the product that `create` returns. Throws `conflict` (`sku-taken`), and `invalid` if
     * there is no such category.
     */
    add({ id, sku, categoryId }: Pick<Product, 'id' | 'sku' | 'categoryId'>, create: (now: Date) => Changed): Promise<Product> {
      const keys = [skuKey(sku), productKey(id), PRODUCTS.head, ...(categoryId === null ? [] : [filedKey(categoryId)])];
      return store.transact(keys, (docs, now) => {
        if (docs.get(skuKey(sku))) throw skuTaken(sku);
        const { product, event } = create(now);
        const write = [
          put(productKey(id), product),
          put(skuKey(sku), { productId: id }),
          ...append(docs, PRODUCTS, id),
          ...refile(docs, null, categoryOf(product)),
        ];
        return { write, events: [event], result: product };
      });
    },

    /**
     * Changes a product and returns it. Throws `missing`, and `invalid` if there is no such
     * category.
     */
    update(id: string, change: (product: Product, now: Date) => Changed): Promise<Product> {
      return store.transact([productKey(id)], (docs, now) => {
        const before = visible(docs.get(productKey(id)), { toStaff: true });
        const { product, event } = change(before, now);
        const write = [put(productKey(id), product), ...refile(docs, categoryOf(before), categoryOf(product))];
        return { write, events: [event], result: product };
      });
    },

    /** Returns the availability that inventory has reported of a product's SKU, if any. */
    async reportedAvailability({ id, sku }: Pick<Product, 'id' | 'sku'>): Promise<ReportedAvailability | undefined> {
      const [reported, old] = await Promise.all([store.read(availabilityKey(sku)), store.read(oldAvailabilityKey(id))]);
      return reported ?? old;
    },

    /**
     * Saves what inventory reports of a SKU unless a newer report is there. The product may be
     * unknown yet.
     */
    saveAvailability(sku: string, report: ReportedAvailability): Promise<void> {
      return store.transact([availabilityKey(sku)], (docs) => {
        const isNewer = report.sequence > (docs.get(availabilityKey(sku))?.sequence ?? -1);
        return { write: isNewer ? [put(availabilityKey(sku), report)] : [], result: undefined };
      });
    },
  };
}

const categoryOf = ({ categoryId, deletedAt }: Product): string | null => (deletedAt === null ? categoryId : null);
