import { DomainError, found } from '@sidecart/chassis/errors';
import { ProductCreated, ProductDeleted, ProductUpdated, type ProductStatus, type SkuQuote } from '@sidecart/contracts/catalog';
import type { NewEvent } from '@sidecart/contracts/event';
import type { Money } from '@sidecart/contracts/money';

/** What staff can change. */
export interface Fields {
  name: string;
  description: string;
  price: Money;
  status: ProductStatus;
  categoryId: string | null;
  attributes: { name: string; value: string }[];
}

export interface Product extends Fields {
  id: string;
  /** Never changes, and never belongs to another product. */
  sku: string;
  /** Grows with each change. */
  version: number;
  createdAt: string;
  updatedAt: string;
  /** A deleted product is kept for its SKU and version, and shown to nobody. */
  deletedAt: string | null;
}

export interface Changed {
  product: Product;
  event: NewEvent;
}

export function create(id: string, sku: string, fields: Fields, now: Date): Changed {
  const at = now.toISOString();
  const product = { ...fields, id, sku, version: 1, createdAt: at, updatedAt: at, deletedAt: null };
  return { product, event: ProductCreated(id, product.version, eventData(product)) };
}

export function edit(before: Product, fields: Partial<Fields>, now: Date): Changed {
  const product = { ...before, ...fields, version: before.version + 1, updatedAt: now.toISOString() };
  return { product, event: ProductUpdated(product.id, product.version, eventData(product)) };
}

export function remove(before: Product, now: Date): Changed {
  const at = now.toISOString();
  const product = { ...before, version: before.version + 1, updatedAt: at, deletedAt: at };
  return { product, event: ProductDeleted(product.id, product.version, { productId: product.id, skus: [product.sku] }) };
}

/**
 * Returns the product if it is visible: drafts to staff only, deleted products to nobody. Throws
 * `missing`.
 */
export function visible(product: Product | undefined, { toStaff }: { toStaff: boolean }): Product {
  const isVisible = product && product.deletedAt === null && (toStaff || product.status !== 'draft');
  return found(isVisible ? product : undefined, 'The product');
}

/**
 * Returns the quote of a product. Throws `missing` (`not-for-sale`) if there is none, or it is a
 * draft or deleted.
 */
export function quoteOf(product: Product | undefined): SkuQuote {
  if (!product || product.deletedAt !== null || product.status === 'draft')
    throw new DomainError('missing', 'not-for-sale', 'The product is not for sale.');
  const { id, sku, name, price } = product;
  return { sku, productId: id, name, price, image: null };
}

export const skuTaken = (sku: string) => new DomainError('conflict', 'sku-taken', `The SKU '${sku}' belongs to another product.`);

function eventData({ id, sku, name, price, status, categoryId }: Product) {
  return { productId: id, name, status, categoryId, variants: [{ sku, price, backorder: null }] };
}
