import { emptyCart, type Cart, type Item } from '../src/cart/cart.js';
import type { Owner } from '../src/cart/owner.js';

export const anItem = (sku: string, quantity: number): Item => ({ sku, productId: `p-${sku}`, quantity });

export const aCart = (owner: Owner, ...items: Item[]): Cart => ({ ...emptyCart(owner, 'checkout-1'), items, version: 3 });

/** The most lines that a cart can have. */
export const FULL = Array.from({ length: 50 }, (_, n) => anItem(`p${n}`, 1));

export const MOMENT = { now: new Date('2026-05-04T12:00:00.000Z'), nextCheckoutId: 'checkout-2' };
