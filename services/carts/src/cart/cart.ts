import { DomainError } from '@sidecart/chassis/errors';
import { MAX_LINES, MAX_QUANTITY, type StockLine } from '@sidecart/contracts/common';
import type { Owner } from './owner.js';

/** A line of a cart, which is a SKU. */
export interface Item {
  sku: string;
  /** For display and links. */
  productId: string;
  quantity: number;
}

export interface Cart extends Owner {
  /** Changes when the cart becomes an order, and when it is emptied. */
  checkoutId: string;
  items: readonly Item[];
  /** Grows with each change. 0 if the cart was never saved. */
  version: number;
  updatedAt: string;
}

/** The quantity of a line that a cart is to have, and to hold in inventory. */
export interface Target extends Item {
  cartId: string;
  /**
   * The quantity that the cart has even if it cannot be held. If missing, a change that cannot be
   * held is refused.
   */
  least?: number;
  /** That of the owner, if the cart is a guest's. */
  guestAddress?: string;
}

/** What a change of a cart needs beside the cart. */
export interface Moment {
  now: Date;
  /** The checkout id that the cart gets if it needs a new one. */
  nextCheckoutId: string;
}

export const emptyCart = ({ cartId, userId }: Owner, checkoutId: string): Cart => ({
  cartId,
  userId,
  checkoutId,
  items: [],
  version: 0,
  updatedAt: '',
});

export const quantityOf = ({ items }: Pick<Cart, 'items'>, sku: string): number => items.find((item) => item.sku === sku)?.quantity ?? 0;

/** Returns the target of a line. Throws `conflict`: `quantity-too-large`, `cart-full`. */
export function target(cart: Cart, { sku, productId, quantity }: Item): Target {
  if (quantity > MAX_QUANTITY)
    throw new DomainError('conflict', 'quantity-too-large', `A cart can have at most ${MAX_QUANTITY} pieces of one SKU.`, {
      lines: [{ sku, requested: quantity }],
    });
  if (quantity > 0 && quantityOf(cart, sku) === 0 && cart.items.length >= MAX_LINES)
    throw new DomainError('conflict', 'cart-full', `A cart can have at most ${MAX_LINES} lines.`);
  return { cartId: cart.cartId, sku, productId, quantity };
}

/**
 * Returns the cart with these quantities. New lines go to its end. An emptied cart gets the next
 * checkout id.
 */
export function changed(cart: Cart, items: readonly Item[], { now, nextCheckoutId }: Moment): Cart {
  const lines = new Map([...cart.items, ...items].map((item) => [item.sku, item]));
  const left = [...lines.values()]
    .filter(({ quantity }) => quantity > 0)
    .map(({ sku, productId, quantity }) => ({ sku, productId, quantity }));
  const checkoutId = left.length === 0 ? nextCheckoutId : cart.checkoutId;
  return { ...cart, items: left, checkoutId, version: cart.version + 1, updatedAt: now.toISOString() };
}

/** Returns the cart without what was ordered, with the next checkout id. */
export function checkedOut(cart: Cart, ordered: readonly StockLine[], moment: Moment): Cart {
  const orderedOf = (wanted: string) => ordered.reduce((sum, { sku, quantity }) => (sku === wanted ? sum + quantity : sum), 0);
  const rest = cart.items.map((item) => ({ ...item, quantity: Math.max(0, item.quantity - orderedOf(item.sku)) }));
  return { ...changed(cart, rest, moment), checkoutId: moment.nextCheckoutId };
}
