import { DomainError } from '@sidecart/chassis/errors';
import type { CartContents } from '@sidecart/contracts/carts';
import type { Quoted } from '@sidecart/contracts/catalog';
import type { StockLine } from '@sidecart/contracts/common';
import type { Neighbours } from '../src/checkout.js';
import { aProduct } from './builders.js';

/** Catalog, inventory and carts as the orders service sees them, with what was asked of them. */
export function createNeighbours() {
  const products = new Map<string, Quoted>(['mug', 'tea'].map((id) => [id, aProduct(id)]));
  const stock = new Map<string, number>();
  const carts = new Map<string, CartContents>();
  const reservations = new Map<string, { cartId: string | null; lines: StockLine[]; until: string }>();

  const neighbours: Neighbours = {
    async customerCart({ userId }) {
      return carts.get(userId) ?? { cartId: `cart-${userId}`, checkoutId: 'none', items: [] };
    },
    async quote({ productId }) {
      const product = products.get(productId);
      if (!product) throw new DomainError('missing', 'not-for-sale', `${productId} is not for sale.`);
      return product;
    },
    async reserve({ reference, ...reservation }) {
      const known = reservations.get(reference);
      if (known) return known;
      const available = (sku: string) => stock.get(sku) ?? 100;
      const short = reservation.lines.filter(({ sku, quantity }) => quantity > available(sku));
      const lines = short.map(({ sku, quantity }) => ({ sku, requested: quantity, available: available(sku) }));
      if (lines.length > 0) throw new DomainError('conflict', 'out-of-stock', 'There is too little stock.', { lines });
      for (const { sku, quantity } of reservation.lines) stock.set(sku, available(sku) - quantity);
      reservations.set(reference, reservation);
      return reservation;
    },
  };

  /** Puts one mug, or what is told, into a customer's cart. */
  function fillCart(userId: string, change: Partial<CartContents> = {}): CartContents {
    const items = [{ productId: 'mug', sku: 'SKU-mug', quantity: 1 }];
    const cart = { cartId: `cart-${userId}`, checkoutId: `checkout-${userId}`, items, ...change };
    carts.set(userId, cart);
    return cart;
  }

  return { products, stock, carts, reservations, neighbours, fillCart };
}
