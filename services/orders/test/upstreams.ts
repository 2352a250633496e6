import { DomainError } from '@sidecart/chassis/errors';
import type { CartContents } from '@sidecart/contracts/carts';
import type { SkuQuote } from '@sidecart/contracts/catalog';
import type { StockLine } from '@sidecart/contracts/common';
import type { CloseOutcome } from '@sidecart/contracts/payments';
import { aQuote } from '@sidecart/testing/builders';
import type { Upstreams } from '../src/checkout/place-order.js';
import type { Payments } from '../src/order/expiry.js';

/**
 * Fakes of the other services, with what was asked of them: 100 mugs and 100 packs of tea, no
 * carts, nothing paid.
 */
export function fakeUpstreams() {
  const quotes = new Map<string, SkuQuote>(['mug', 'tea'].map((sku) => [sku, aQuote(sku)]));
  const stock = new Map<string, number>();
  const carts = new Map<string, CartContents>();
  const reservations = new Map<string, { cartId: string | null; lines: StockLine[]; until: string; country: string | null }>();

  /**
   * By order: the outcome of closing its payment intent, `closed` if missing, or the failure to
   * answer.
   */
  const outcomes = new Map<string, CloseOutcome | DomainError>();
  const closed: string[] = [];

  const calls: Upstreams & Payments = {
    async customerCart({ userId }) {
      return carts.get(userId) ?? { cartId: `cart-${userId}`, checkoutId: 'none', items: [] };
    },
    async quote({ sku }) {
      const quote = quotes.get(sku);
      if (!quote) throw new DomainError('missing', 'not-for-sale', `${sku} is not for sale.`);
      return quote;
    },
    async reserve({ reference, ...reservation }) {
      const existing = reservations.get(reference);
      if (existing) return existing;
      const available = (sku: string) => stock.get(sku) ?? 100;
      const short = reservation.lines.filter(({ sku, quantity }) => quantity > available(sku));
      const lines = short.map(({ sku, quantity }) => ({ sku, requested: quantity, available: available(sku) }));
      if (lines.length > 0) throw new DomainError('conflict', 'out-of-stock', 'There is too little stock.', { lines });
      for (const { sku, quantity } of reservation.lines) stock.set(sku, available(sku) - quantity);
      reservations.set(reference, reservation);
      return reservation;
    },
    async release({ reference, lines }) {
      reservations.delete(reference);
      for (const { sku, quantity } of lines) stock.set(sku, (stock.get(sku) ?? 100) + quantity);
    },
    async closeIntent({ orderId }) {
      closed.push(orderId);
      const outcome = outcomes.get(orderId) ?? { status: 'closed' };
      if (outcome instanceof DomainError) throw outcome;
      return outcome;
    },
  };

  /** Puts a mug, unless `change` says otherwise, into a customer's cart. */
  function fillCart(userId: string, change: Partial<CartContents> = {}): CartContents {
    const cart = { cartId: `cart-${userId}`, checkoutId: `checkout-${userId}`, items: [{ sku: 'mug', quantity: 1 }], ...change };
    carts.set(userId, cart);
    return cart;
  }

  return { quotes, stock, carts, reservations, outcomes, closed, calls, fillCart };
}
