import { describe, expect, test } from '@jest/globals';
import {
  add,
  ancestors,
  byIdOrSlug,
  edit,
  EMPTY_TREE,
  MAX_CATEGORIES,
  nested,
  remove,
  subtreeIds,
  type Category,
  type Tree,
} from '../../src/categories/category.js';

const aCategory = (id: string, parentId: string | null = null, slug = id): Category => ({ id, name: id.toUpperCase(), slug, parentId });

/** Builds a tree from paths: in `a > b > c`, b is below a, and c below b. */
const tree = (...paths: string[]): Tree => {
  const pairs = paths.flatMap((path) => path.split(' > ').map((id, i, ids): [string, string | null] => [id, ids[i - 1] ?? null]));
  return [...new Map(pairs.toReversed()).entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .reduce((grown, [id, parent]) => add(grown, aCategory(id, parent)).tree, EMPTY_TREE);
};
const food = tree('a > b > c', 'a > d', 'e');

describe('the category tree', () => {
  test('returns what is above a category, from the root down', () => {
    expect(ancestors(food, aCategory('c', 'b')).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(ancestors(food, aCategory('e'))).toEqual([]);
  });

  test('returns a category and all below it', () => {
    expect(subtreeIds(food, 'a').toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(subtreeIds(food, 'e')).toEqual(['e']);
  });

  test('finds by id and by slug', () => {
    const { tree } = add(EMPTY_TREE, aCategory('1', null, 'coffee'));
    expect([byIdOrSlug(tree, '1')?.id, byIdOrSlug(tree, 'coffee')?.id, byIdOrSlug(tree, 'tea')]).toEqual(['1', '1', undefined]);
  });

  test('sorts nested categories by name', () => {
    const shape = (nodes: ReturnType<typeof nested>): unknown[] => nodes.map(({ id, children }) => [id, ...shape(children)]);
    expect(shape(nested(food))).toEqual([['a', ['b', ['c']], ['d']], ['e']]);
  });

  test('publishes what has changed, with its new version', () => {
    const { tree, event } = add(food, aCategory('f', 'e'));
    expect(tree.version).toBe(food.version + 1);
    expect(event).toMatchObject({
      type: 'category.created',
      subject: 'f',
      sequence: tree.version,
      data: { categoryId: 'f', parentId: 'e' },
    });
    expect(edit(food, aCategory('c')).event).toMatchObject({ type: 'category.updated', data: { categoryId: 'c', parentId: null } });
    expect(remove(food, 'c', 0).event).toMatchObject({ type: 'category.deleted', subject: 'c', data: { categoryId: 'c' } });
  });

  test('moves a category with all below it', () => {
    const moved = edit(food, aCategory('b', 'e')).tree;
    expect(ancestors(moved, aCategory('c', 'b')).map(({ id }) => id)).toEqual(['e', 'b']);
  });

  test.each([
    ['itself', 'a'],
    ['its child', 'b'],
    ['its grandchild', 'c'],
  ])('refuses to move a category below %s', (_, parentId) => {
    expect(() => edit(food, aCategory('a', parentId))).toThrow(expect.objectContaining({ kind: 'conflict', slug: 'category-cycle' }));
  });

  test('refuses a new category that names itself as its parent', () => {
    expect(() => add(food, aCategory('x', 'x'))).toThrow(expect.objectContaining({ slug: 'category-cycle' }));
  });

  test('refuses an unknown parent with the name of the field', () => {
    const errors = [{ field: 'parentId', message: 'There is no such category.' }];
    expect(() => add(food, aCategory('x', 'z'))).toThrow(expect.objectContaining({ kind: 'invalid', extras: { errors } }));
  });

  test('refuses a sixth level, also if a category moves with its children', () => {
    const deep = tree('a > b > c > d > e', 'x > y');
    expect(() => add(deep, aCategory('f', 'e'))).toThrow(expect.objectContaining({ slug: 'too-deep' }));
    expect(() => edit(deep, aCategory('x', 'd'))).toThrow(expect.objectContaining({ slug: 'too-deep' }));
    expect(edit(deep, aCategory('x', 'c')).tree.version).toBe(deep.version + 1);
  });

  test('refuses the slug of another category, and accepts its own', () => {
    expect(() => add(food, aCategory('x', null, 'a'))).toThrow(expect.objectContaining({ kind: 'conflict', slug: 'slug-taken' }));
    expect(() => edit(food, aCategory('b', 'a', 'c'))).toThrow(expect.objectContaining({ slug: 'slug-taken' }));
    expect(edit(food, { ...aCategory('b', 'a'), name: 'New' }).tree.categories).toContainEqual({ ...aCategory('b', 'a'), name: 'New' });
  });

  test('has at most 500 categories', () => {
    const categories = Array.from({ length: MAX_CATEGORIES }, (_, n) => aCategory(`c${n}`));
    const full = { version: 1, categories };
    expect(add({ version: 1, categories: categories.slice(1) }, aCategory('x')).tree.categories).toHaveLength(MAX_CATEGORIES);
    expect(() => add(full, aCategory('x'))).toThrow(expect.objectContaining({ slug: 'too-many-categories' }));
  });

  test('removes a category only if it is empty', () => {
    expect(remove(food, 'e', 0).tree.categories.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect(() => remove(food, 'e', 1)).toThrow(expect.objectContaining({ slug: 'category-not-empty' }));
    expect(() => remove(food, 'b', 0)).toThrow(expect.objectContaining({ slug: 'category-not-empty' }));
  });

  test('refuses to change or remove an unknown category', () => {
    expect(() => edit(food, aCategory('z'))).toThrow(expect.objectContaining({ kind: 'missing' }));
    expect(() => remove(food, 'z', 0)).toThrow(expect.objectContaining({ kind: 'missing' }));
  });
});
