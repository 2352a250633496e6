import { DomainError, found, invalidField } from '@sidecart/chassis/errors';
import { CategoryCreated, CategoryDeleted, CategoryUpdated } from '@sidecart/contracts/catalog';
import type { NewEvent } from '@sidecart/contracts/event';

export interface Category {
  id: string;
  name: string;
  /** Names the category in links. Unique. */
  slug: string;
  parentId: string | null;
}

/** All categories. They are few enough for one document, so each rule sees the whole tree. */
export interface Tree {
  /** Grows with each change of any category. */
  version: number;
  categories: readonly Category[];
}

export interface Node extends Category {
  children: Node[];
}

export interface TreeChange {
  tree: Tree;
  event: NewEvent;
}

export const EMPTY_TREE: Tree = { version: 0, categories: [] };
export const MAX_CATEGORIES = 500;
export const MAX_DEPTH = 5;

/** Adds a category. Throws what `checked` throws, and `conflict` (`too-many-categories`). */
export function add(before: Tree, category: Category): TreeChange {
  if (before.categories.length >= MAX_CATEGORIES)
    throw refused('too-many-categories', `There are already ${MAX_CATEGORIES} categories, the most allowed.`);
  const tree = checked(before, category, [...before.categories, category]);
  return { tree, event: CategoryCreated(category.id, tree.version, eventData(category)) };
}

/** Replaces a category. Throws what `checked` throws, and `missing`. */
export function edit(before: Tree, category: Category): TreeChange {
  found(byId(before, category.id), 'The category');
  const categories = before.categories.map((each) => (each.id === category.id ? category : each));
  const tree = checked(before, category, categories);
  return { tree, event: CategoryUpdated(category.id, tree.version, eventData(category)) };
}

/**
 * Removes a category. Throws `missing`, and `conflict` (`category-not-empty`) if it has
 * subcategories or `products`.
 */
export function remove(before: Tree, id: string, products: number): TreeChange {
  found(byId(before, id), 'The category');
  if (products > 0 || before.categories.some(({ parentId }) => parentId === id))
    throw refused('category-not-empty', 'Move or delete its products and subcategories first.');
  const tree = { version: before.version + 1, categories: before.categories.filter((each) => each.id !== id) };
  return { tree, event: CategoryDeleted(id, tree.version, { categoryId: id }) };
}

export function byIdOrSlug(tree: Tree, name: string): Category | undefined {
  return byId(tree, name) ?? tree.categories.find(({ slug }) => slug === name);
}

/** Returns the categories above this one, from the root down. */
export function ancestors(tree: Tree, { parentId }: Category): Category[] {
  const parent = byId(tree, parentId);
  return parent ? [...ancestors(tree, parent), parent] : [];
}

/** Returns the ids of this category and of all below it. */
export function subtreeIds({ categories }: Tree, root: string): string[] {
  const ids = [root];
  for (const above of ids) ids.push(...categories.filter(({ parentId }) => parentId === above).map(({ id }) => id));
  return ids;
}

/** Returns the categories below `parentId`, each with its children, sorted by name. */
export function nested(tree: Tree, parentId: string | null = null): Node[] {
  const children = tree.categories.filter((each) => each.parentId === parentId);
  return children.map((each) => ({ ...each, children: nested(tree, each.id) })).sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

/**
 * Returns the tree with these categories, of which `category` is new or changed. Throws `conflict`:
 * `slug-taken`, `category-cycle`, `too-deep`; `invalid` if there is no such parent.
 */
function checked(before: Tree, category: Category, categories: Category[]): Tree {
  const tree = { version: before.version + 1, categories };
  const { id, slug, parentId } = category;
  if (categories.some((each) => each.slug === slug && each.id !== id))
    throw refused('slug-taken', `Another category has the slug '${slug}'.`);
  if (parentId === null) return tree;
  if (!byId(tree, parentId)) throw unknownCategory('parentId');
  if (subtreeIds(before, id).includes(parentId)) throw refused('category-cycle', 'A category cannot be below itself.');
  const moved = subtreeIds(tree, id);
  const depths = categories.filter((each) => moved.includes(each.id)).map((each) => ancestors(tree, each).length + 1);
  if (Math.max(...depths) > MAX_DEPTH) throw refused('too-deep', `Categories can be at most ${MAX_DEPTH} levels deep.`);
  return tree;
}

const byId = ({ categories }: Tree, wanted: string | null) => categories.find(({ id }) => id === wanted);

const eventData = ({ id, ...rest }: Category) => ({ categoryId: id, ...rest });

const refused = (slug: string, detail: string) => new DomainError('conflict', slug, detail);

export const unknownCategory = (field: string): DomainError => invalidField(field, 'There is no such category.');
