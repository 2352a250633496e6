import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { EMPTY_TREE, unknownCategory, type Tree, type TreeChange } from './category.js';

const TREE: Key<Tree> = key('categories');
/** How many products a category has. Exists as long as the category. */
export const filedKey = (categoryId: string): Key<{ products: number }> => key('filed', categoryId);

export type Categories = ReturnType<typeof openCategories>;

export function openCategories(store: Store) {
  return {
    tree: async (): Promise<Tree> => (await store.read(TREE)) ?? EMPTY_TREE,

    /**
     * Changes the tree and returns it. `change` also gets the number of products of this category.
     */
    update(categoryId: string, change: (tree: Tree, products: number) => TreeChange): Promise<Tree> {
      const filed = filedKey(categoryId);
      return store.transact([TREE, filed], (docs) => {
        const count = docs.get(filed) ?? { products: 0 };
        const { tree, event } = change(docs.get(TREE) ?? EMPTY_TREE, count.products);
        const stays = tree.categories.some(({ id }) => id === categoryId);
        return { write: [put(TREE, tree), stays ? put(filed, count) : remove(filed)], events: [event], result: tree };
      });
    },
  };
}

/**
 * Returns the writes that move a product between categories, each null for none. Throws `invalid`
 * if there is no such category.
 */
export function refile(docs: Docs, from: string | null, to: string | null): Write[] {
  if (from === to) return [];
  return [...(from === null ? [] : [recount(docs, from, -1)]), ...(to === null ? [] : [recount(docs, to, 1)])];
}

function recount(docs: Docs, categoryId: string, change: number): Write {
  const count = docs.get(filedKey(categoryId));
  if (!count) throw unknownCategory('categoryId');
  return put(filedKey(categoryId), { products: count.products + change });
}
