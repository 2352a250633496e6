import { DomainError } from '@sidecart/chassis/errors';
import { MAX_LINES, MAX_QUANTITY } from '@sidecart/contracts/common';
import type { Owner } from './owner.js';

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
  /** Grows with each change; 0 is a cart that was never written. */
  version: number;
  updatedAt: string;
}

/** How many pieces of a product a cart is to have from now on, and to hold in inventory. */
export interface Want extends Item {
  cartId: string;
  /** So many it has even if they cannot be held; without it, a change that cannot be held is refused. */
  least?: number;
  /** The owner's, if the cart is a guest's. */
  guestAddress?: string;
}

export const emptyCart = ({ cartId, userId }: Owner, checkoutId: string): Cart => ({
  cartId,
  userId,
  checkoutId,
  items: [],
  version: 0,
  updatedAt: '',
});

export const quantityOf = ({ items }: Cart, sku: string): number => items.find((item) => item.sku === sku)?.quantity ?? 0;

/** Throws `conflict` where the cart would have too many lines, or too many pieces of one. */
export function want(cart: Cart, { sku, productId, quantity }: Item): Want {
  if (quantity > MAX_QUANTITY)
    throw new DomainError('conflict', 'quantity-too-large', `A cart has at most ${MAX_QUANTITY} pieces of a SKU.`, {
      lines: [{ sku, requested: quantity }],
    });
  if (quantity > 0 && quantityOf(cart, sku) === 0 && cart.items.length >= MAX_LINES)
    throw new DomainError('conflict', 'cart-full', `A cart has at most ${MAX_LINES} lines.`);
  return { cartId: cart.cartId, sku, productId, quantity };
}

/** A guest's items in the customer's cart, as far as there is room, and none in the guest's: those are given back first. */
export function wantMerged(guests: Cart, customers: Cart): Want[] {
  let room = MAX_LINES - customers.items.length;
  return guests.items.flatMap((item) => {
    const least = quantityOf(customers, item.sku);
    const fits = least > 0 || room-- > 0;
    const quantity = fits ? Math.min(least + item.quantity, MAX_QUANTITY) : least;
    return [
      { ...item, cartId: guests.cartId, quantity: 0 },
      { ...item, cartId: customers.cartId, quantity, least },
    ];
  });
}

/** What of a guest's items did not go into the customer's cart: `requested` is what both had of it, `quantity` what the cart has. */
export function leftOut(guests: Cart, customers: Cart, after: Cart): (Item & { requested: number })[] {
  return guests.items.flatMap(({ sku, productId, quantity: more }) => {
    const requested = quantityOf(customers, sku) + more;
    const quantity = quantityOf(after, sku);
    return quantity < requested ? [{ sku, productId, requested, quantity }] : [];
  });
}

/** The cart with these quantities, in their places or at its end. `fresh` is its next checkout id, should it be empty then. */
export function changed(cart: Cart, items: readonly Item[], { at, fresh }: { at: Date; fresh: string }): Cart {
  const quantities = new Map([...cart.items, ...items].map((item) => [item.sku, item]));
  const left = [...quantities.values()]
    .filter(({ quantity }) => quantity > 0)
    .map(({ sku, productId, quantity }) => ({ sku, productId, quantity }));
  const checkoutId = left.length === 0 ? fresh : cart.checkoutId;
  return { ...cart, items: left, checkoutId, version: cart.version + 1, updatedAt: at.toISOString() };
}

/** The cart without what was ordered of it. */
export function checkedOut(cart: Cart, lines: readonly Item[], { at, fresh }: { at: Date; fresh: string }): Cart {
  const ordered = (wanted: string) => lines.reduce((sum, { sku, quantity }) => (sku === wanted ? sum + quantity : sum), 0);
  const rest = cart.items.map((item) => ({ ...item, quantity: Math.max(0, item.quantity - ordered(item.sku)) }));
  return { ...changed(cart, rest, { at, fresh }), checkoutId: fresh };
}
