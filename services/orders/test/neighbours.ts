import { DomainError } from '@sidecart/chassis/errors';
import type { CartContents } from '@sidecart/contracts/carts';
import type { Quoted } from '@sidecart/contracts/catalog';
import type { StockLine } from '@sidecart/contracts/common';
import type { BillOutcome } from '@sidecart/contracts/payments';
import { aQuote } from '@sidecart/testing/builders';
import type { Neighbours } from '../src/checkout.js';
import type { Payments } from '../src/expiry.js';

/** The other services as orders sees them, with what was asked of them. */
export function createNeighbours() {
  const products = new Map<string, Quoted>(['mug', 'tea'].map((sku) => [sku, aQuote(sku)]));
  const stock = new Map<string, number>();
  const carts = new Map<string, CartContents>();
  const reservations = new Map<string, { cartId: string | null; lines: StockLine[]; until: string }>();

  /** By order: what closing its bill answers, `closed` unless given, or the failure to answer. */
  const bills = new Map<string, BillOutcome | DomainError>();
  const closed: string[] = [];

  const neighbours: Neighbours & Payments = {
    async customerCart({ userId }) {
      return carts.get(userId) ?? { cartId: `cart-${userId}`, checkoutId: 'none', items: [] };
    },
    async quote({ sku }) {
      const product = products.get(sku);
      if (!product) throw new DomainError('missing', 'not-for-sale', `${sku} is not for sale.`);
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
    async closeBill({ orderId }) {
      closed.push(orderId);
      const outcome = bills.get(orderId) ?? { status: 'closed' };
      if (outcome instanceof DomainError) throw outcome;
      return outcome;
    },
  };

  /** Puts one mug, or what is told, into a customer's cart. */
  function fillCart(userId: string, change: Partial<CartContents> = {}): CartContents {
    const items = [{ sku: 'mug', quantity: 1 }];
    const cart = { cartId: `cart-${userId}`, checkoutId: `checkout-${userId}`, items, ...change };
    carts.set(userId, cart);
    return cart;
  }

  return { products, stock, carts, reservations, bills, closed, neighbours, fillCart };
}
