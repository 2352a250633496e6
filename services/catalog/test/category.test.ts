import { describe, expect, test } from '@jest/globals';
import { add, ancestors, drop, edit, EMPTY, family, MAX_CATEGORIES, named, nested, type Category, type Tree } from '../src/category.js';

const aCategory = (id: string, parentId: string | null = null, slug = id): Category => ({ id, name: id.toUpperCase(), slug, parentId });

/** `a > b > c` says: b stands in a, c in b. */
const tree = (...paths: string[]): Tree => {
  const pairs = paths.flatMap((path) => path.split(' > ').map((id, i, ids): [string, string | null] => [id, ids[i - 1] ?? null]));
  return [...new Map(pairs.toReversed()).entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .reduce((grown, [id, parent]) => add(grown, aCategory(id, parent)).tree, EMPTY);
};
const food = tree('a > b > c', 'a > d', 'e');

describe('the category tree', () => {
  test('knows what stands above a category, from the top', () => {
    expect(ancestors(food, aCategory('c', 'b')).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(ancestors(food, aCategory('e'))).toEqual([]);
  });

  test('knows a category and all below it', () => {
    expect(family(food, 'a').toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(family(food, 'e')).toEqual(['e']);
  });

  test('finds by id and by slug', () => {
    const { tree } = add(EMPTY, aCategory('1', null, 'coffee'));
    expect([named(tree, '1')?.id, named(tree, 'coffee')?.id, named(tree, 'tea')]).toEqual(['1', '1', undefined]);
  });

  test('nests by name', () => {
    const shape = (nodes: ReturnType<typeof nested>): unknown[] => nodes.map(({ id, children }) => [id, ...shape(children)]);
    expect(shape(nested(food))).toEqual([['a', ['b', ['c']], ['d']], ['e']]);
  });

  test('tells what changed, with its new version', () => {
    const { tree, event } = add(food, aCategory('f', 'e'));
    expect(tree.version).toBe(food.version + 1);
    expect(event).toMatchObject({
      type: 'category.created',
      subject: 'f',
      sequence: tree.version,
      data: { categoryId: 'f', parentId: 'e' },
    });
    expect(edit(food, aCategory('c')).event).toMatchObject({ type: 'category.updated', data: { categoryId: 'c', parentId: null } });
    expect(drop(food, 'c', 0).event).toMatchObject({ type: 'category.deleted', subject: 'c', data: { categoryId: 'c' } });
  });

  test('lets a category move with all below it', () => {
    const moved = edit(food, aCategory('b', 'e')).tree;
    expect(ancestors(moved, aCategory('c', 'b')).map(({ id }) => id)).toEqual(['e', 'b']);
  });

  test.each([
    ['itself', 'a'],
    ['its child', 'b'],
    ['its grandchild', 'c'],
  ])('refuses to put a category below %s', (_, parentId) => {
    expect(() => edit(food, aCategory('a', parentId))).toThrow(expect.objectContaining({ kind: 'conflict', slug: 'category-cycle' }));
  });

  test('refuses a new category that names itself as its parent', () => {
    expect(() => add(food, aCategory('x', 'x'))).toThrow(expect.objectContaining({ slug: 'category-cycle' }));
  });

  test('refuses an unknown parent, by the name of the field', () => {
    const errors = [{ field: 'parentId', message: 'There is no such category.' }];
    expect(() => add(food, aCategory('x', 'z'))).toThrow(expect.objectContaining({ kind: 'invalid', extras: { errors } }));
  });

  test('refuses a sixth level, also by a move of what has children', () => {
    const deep = tree('a > b > c > d > e', 'x > y');
    expect(() => add(deep, aCategory('f', 'e'))).toThrow(expect.objectContaining({ slug: 'too-deep' }));
    expect(() => edit(deep, aCategory('x', 'd'))).toThrow(expect.objectContaining({ slug: 'too-deep' }));
    expect(edit(deep, aCategory('x', 'c')).tree.version).toBe(deep.version + 1);
  });

  test('refuses a slug that another category has, and lets one keep its own', () => {
    expect(() => add(food, aCategory('x', null, 'a'))).toThrow(expect.objectContaining({ kind: 'conflict', slug: 'slug-taken' }));
    expect(() => edit(food, aCategory('b', 'a', 'c'))).toThrow(expect.objectContaining({ slug: 'slug-taken' }));
    expect(edit(food, { ...aCategory('b', 'a'), name: 'New' }).tree.categories).toContainEqual({ ...aCategory('b', 'a'), name: 'New' });
  });

  test('holds so many categories and no more', () => {
    const categories = Array.from({ length: MAX_CATEGORIES }, (_, n) => aCategory(`c${n}`));
    const full = { version: 1, categories };
    expect(add({ version: 1, categories: categories.slice(1) }, aCategory('x')).tree.categories).toHaveLength(MAX_CATEGORIES);
    expect(() => add(full, aCategory('x'))).toThrow(expect.objectContaining({ slug: 'too-many-categories' }));
  });

  test('lets only an empty category go', () => {
    expect(drop(food, 'e', 0).tree.categories.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect(() => drop(food, 'e', 1)).toThrow(expect.objectContaining({ slug: 'category-not-empty' }));
    expect(() => drop(food, 'b', 0)).toThrow(expect.objectContaining({ slug: 'category-not-empty' }));
  });

  test('does not know a category that is not there', () => {
    expect(() => edit(food, aCategory('z'))).toThrow(expect.objectContaining({ kind: 'missing' }));
    expect(() => drop(food, 'z', 0)).toThrow(expect.objectContaining({ kind: 'missing' }));
  });
});
