import { DomainError, found } from '@sidecart/chassis/errors';
import { CategoryCreated, CategoryDeleted, CategoryUpdated } from '@sidecart/contracts/catalog';
import type { NewEvent } from '@sidecart/contracts/event';

export interface Category {
  id: string;
  name: string;
  /** Names the category in addresses; no two have the same. */
  slug: string;
  parentId: string | null;
}

/** All categories: few enough for one document, so that each rule sees the whole tree. */
export interface Tree {
  /** Grows with each change of any category. */
  version: number;
  categories: readonly Category[];
}

export interface Node extends Category {
  children: Node[];
}

export interface Arranged {
  tree: Tree;
  event: NewEvent;
}

export const EMPTY: Tree = { version: 0, categories: [] };
export const MAX_CATEGORIES = 500;
export const MAX_DEPTH = 5;

export function add(before: Tree, category: Category): Arranged {
  if (before.categories.length >= MAX_CATEGORIES) throw refused('too-many-categories', `There are ${MAX_CATEGORIES} categories already.`);
  const tree = checked(before, category, [...before.categories, category]);
  return { tree, event: CategoryCreated(category.id, tree.version, snapshot(category)) };
}

export function edit(before: Tree, category: Category): Arranged {
  found(withId(before, category.id), 'The category');
  const categories = before.categories.map((each) => (each.id === category.id ? category : each));
  const tree = checked(before, category, categories);
  return { tree, event: CategoryUpdated(category.id, tree.version, snapshot(category)) };
}

/** Throws `conflict` while the category has children or `products`. */
export function drop(before: Tree, id: string, products: number): Arranged {
  found(withId(before, id), 'The category');
  if (products > 0 || before.categories.some(({ parentId }) => parentId === id))
    throw refused('category-not-empty', 'Move or delete its products and subcategories first.');
  const tree = { version: before.version + 1, categories: before.categories.filter((each) => each.id !== id) };
  return { tree, event: CategoryDeleted(id, tree.version, { categoryId: id }) };
}

/** By its id or its slug. */
export function named(tree: Tree, name: string): Category | undefined {
  return withId(tree, name) ?? tree.categories.find(({ slug }) => slug === name);
}

/** The categories above this one, from the top. */
export function ancestors(tree: Tree, { parentId }: Category): Category[] {
  const parent = withId(tree, parentId);
  return parent ? [...ancestors(tree, parent), parent] : [];
}

/** The ids of this category and of all below it. */
export function family({ categories }: Tree, root: string): string[] {
  const ids = [root];
  for (const above of ids) ids.push(...categories.filter(({ parentId }) => parentId === above).map(({ id }) => id));
  return ids;
}

/** What stands below `parentId`, each with its children, by name. */
export function nested(tree: Tree, parentId: string | null = null): Node[] {
  const children = tree.categories.filter((each) => each.parentId === parentId);
  return children.map((each) => ({ ...each, children: nested(tree, each.id) })).sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

/** The tree with these categories, if `category`, new or changed, fits in. */
function checked(before: Tree, category: Category, categories: Category[]): Tree {
  const tree = { version: before.version + 1, categories };
  const { id, slug, parentId } = category;
  if (categories.some((each) => each.slug === slug && each.id !== id)) throw refused('slug-taken', `Another category is called '${slug}'.`);
  if (parentId === null) return tree;
  if (!withId(tree, parentId)) throw unknownCategory('parentId');
  if (family(before, id).includes(parentId)) throw refused('category-cycle', 'A category cannot stand below itself.');
  const moved = family(tree, id);
  const depths = categories.filter((each) => moved.includes(each.id)).map((each) => ancestors(tree, each).length + 1);
  if (Math.max(...depths) > MAX_DEPTH) throw refused('too-deep', `Categories stand ${MAX_DEPTH} deep at the most.`);
  return tree;
}

const withId = ({ categories }: Tree, wanted: string | null) => categories.find(({ id }) => id === wanted);

const snapshot = ({ id, ...rest }: Category) => ({ categoryId: id, ...rest });

const refused = (slug: string, detail: string) => new DomainError('conflict', slug, detail);

export function unknownCategory(field: string): DomainError {
  const errors = [{ field, message: 'There is no such category.' }];
  return new DomainError('invalid', 'validation-failed', 'Some fields are missing, malformed or unknown.', { errors });
}
