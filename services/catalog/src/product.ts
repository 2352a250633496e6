import { DomainError, found } from '@sidecart/chassis/errors';
import { ProductCreated, ProductDeleted, ProductUpdated, type ProductStatus, type SkuQuote } from '@sidecart/contracts/catalog';
import type { NewEvent } from '@sidecart/contracts/event';
import type { Money } from '@sidecart/contracts/money';

/** What staff may change. */
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
  /** Never changes, and is never given to another product. */
  sku: string;
  /** Grows with each change. */
  version: number;
  createdAt: string;
  updatedAt: string;
  /** A deleted product stays, for its SKU and its version, and is shown to nobody. */
  deletedAt: string | null;
}

export interface Changed {
  product: Product;
  event: NewEvent;
}

export function create(id: string, sku: string, fields: Fields, at: Date): Changed {
  const product = { ...fields, id, sku, version: 1, createdAt: at.toISOString(), updatedAt: at.toISOString(), deletedAt: null };
  return { product, event: ProductCreated(id, product.version, snapshot(product)) };
}

export function change(before: Product, fields: Partial<Fields>, at: Date): Changed {
  const product = { ...before, ...fields, version: before.version + 1, updatedAt: at.toISOString() };
  return { product, event: ProductUpdated(product.id, product.version, snapshot(product)) };
}

export function drop(before: Product, at: Date): Changed {
  const product = { ...before, version: before.version + 1, updatedAt: at.toISOString(), deletedAt: at.toISOString() };
  return { product, event: ProductDeleted(product.id, product.version, { productId: product.id, sku: product.sku }) };
}

/** The product, if it is there for the one who asks: drafts are for staff, deleted ones for nobody. Throws `missing`. */
export function shownTo(staff: boolean, product: Product | undefined): Product {
  const shown = product && product.deletedAt === null && (staff || product.status !== 'draft');
  return found(shown ? product : undefined, 'The product');
}

/** What it costs. Throws `missing` for what is not sold. */
export function quote(product: Product | undefined): SkuQuote {
  if (!product || product.deletedAt !== null || product.status === 'draft')
    throw new DomainError('missing', 'not-for-sale', 'The product is not for sale.');
  const { id, sku, name, price } = product;
  return { productId: id, sku, name, price, image: null };
}

export const skuTaken = (sku: string) => new DomainError('conflict', 'sku-taken', `The SKU '${sku}' belongs to another product.`);

function snapshot({ id, sku, name, price, status, categoryId }: Product) {
  return { productId: id, sku, name, price, status, categoryId };
}
