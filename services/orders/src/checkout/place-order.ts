import { randomUUID } from 'node:crypto';
import type { Standing } from '@sidecart/accounts/standing';
import type { Deadlines } from '@sidecart/chassis/deadlines';
import { DomainError, found, invalidField } from '@sidecart/chassis/errors';
import { derivedId } from '@sidecart/chassis/idempotency';
import type { Store } from '@sidecart/chassis/store';
import type { User } from '@sidecart/contracts/access-token';
import type { PostalAddress } from '@sidecart/contracts/address';
import { customerCartId, type CartContents } from '@sidecart/contracts/carts';
import type { SkuQuote } from '@sidecart/contracts/catalog';
import { MAX_QUANTITY, type StockLine } from '@sidecart/contracts/common';
import type { Settings } from '../config.js';
import type { Order } from '../order/order.js';
import { orderKey } from '../order/store.js';
import { refuseTooMany, unpaidKey } from '../order/unpaid.js';
import { replay, sameRequest } from './replay.js';
import { cartOrderKey, saveOrder } from './store.js';
import { totalsOf } from './totals.js';

/** The other services, as checkout calls them. */
export interface Upstreams {
  customerCart: (input: { userId: string }) => Promise<CartContents>;
  quote: (input: { sku: string }) => Promise<SkuQuote>;
  reserve: (input: {
    reference: string;
    cartId: string | null;
    lines: StockLine[];
    until: string;
    country: string | null;
  }) => Promise<{ until: string }>;
  release: (input: { reference: string; requestId: string; lines: StockLine[] }) => Promise<unknown>;
}

export interface PlaceOrderOptions extends Upstreams {
  settings: Settings;
  store: Store;
  deadlines: Deadlines;
  standing: Standing;
  now: () => Date;
}

/** What to order. `items` is null for what is in the customer's cart. */
export interface OrderRequest {
  items: readonly StockLine[] | null;
  address: PostalAddress | null;
  note: string | null;
}

export type PlaceOrder = ReturnType<typeof createPlaceOrder>;

/**
 * Stock stays reserved this much longer than the order waits for its payment, for a payment at the
 * last moment.
 */
const GRACE_MS = 15 * 60_000;

/**
 * How a cart, or a list of items, becomes an order: quote, reserve, save. What is reserved for an
 * order that is refused is released; what is reserved and not saved for another reason lapses.
 */
export function createPlaceOrder({ settings, store, deadlines, standing, now, customerCart, quote, reserve, release }: PlaceOrderOptions) {
  /** Releases what was reserved for an order, unless another request has saved that order. */
  async function releaseUnsaved(id: string, lines: StockLine[]): Promise<void> {
    if (!(await store.read(orderKey(id)))) await release({ reference: id, requestId: randomUUID(), lines });
  }

  /**
   * Returns the new order, or the one that this request has placed before. Throws every refusal
   * that docs/api.md lists.
   */
  return async function placeOrder(user: User, request: OrderRequest, idempotencyKey: string | undefined): Promise<Order> {
    if (settings.REQUIRE_VERIFIED !== 'never' && !user.verified) throw notVerified();
    const fingerprint = idempotencyKey === undefined ? null : derivedId(JSON.stringify(request));
    const keyedId = idempotencyKey === undefined ? undefined : derivedId('key', user.id, idempotencyKey);
    const [repeated, cart] = await Promise.all([
      keyedId === undefined ? undefined : store.read(orderKey(keyedId)),
      request.items ? null : customerCart({ userId: user.id }),
    ]);
    if (repeated) return sameRequest(repeated, fingerprint);

    const lines = mergedBySku(request.items ?? cart?.items ?? []);
    if (lines.length === 0) throw new DomainError('conflict', 'cart-empty', 'The cart is empty.');
    const id = keyedId ?? (cart ? derivedId('cart', user.id, cart.checkoutId) : randomUUID());
    const [orderedAs, unpaid, quotes] = await Promise.all([
      cart ? store.read(cartOrderKey(user.id, cart.checkoutId)) : undefined,
      store.read(unpaidKey(user.id)),
      Promise.allSettled(lines.map(({ sku }) => quote({ sku }))),
      standing.check(user.id),
    ]);
    const asked = { id, fingerprint, address: request.address, note: request.note };
    if (orderedAs !== undefined) return replay(found(await store.read(orderKey(orderedAs)), 'The order'), { ...asked, lines });
    refuseTooMany(unpaid, settings.MAX_UNPAID_ORDERS); // before stock is reserved; again when the order is saved

    const totals = totalsOf(quoted(lines, quotes), settings.TAX_PERCENT);
    const payBy = now().getTime() + settings.PAYMENT_MINUTES * 60_000;
    const reservation = await reserve({
      reference: id,
      cartId: cart?.cartId ?? customerCartId(user.id), // an order of items uses the holds of its buyer's cart too
      lines,
      until: new Date(payBy + GRACE_MS).toISOString(),
      country: request.address?.country ?? null,
    });
    const placing = {
      ...totals,
      ...asked,
      buyer: { userId: user.id, email: user.email, name: user.name },
      cart: cart && { cartId: cart.cartId, checkoutId: cart.checkoutId },
      // The reservation may be that of an earlier try, and end earlier.
      payBy: new Date(Math.min(payBy, Date.parse(reservation.until) - GRACE_MS)).toISOString(),
    };
    try {
      return await saveOrder({ store, deadlines, maxUnpaid: settings.MAX_UNPAID_ORDERS }, placing);
    } catch (error) {
      const isRefused = error instanceof DomainError && error.kind !== 'unavailable';
      if (isRefused) await releaseUnsaved(id, lines).catch(() => undefined); // it lapses then
      throw error;
    }
  };
}

const notVerified = () =>
  new DomainError(
    'forbidden',
    'address-not-verified',
    'Verify your email address first: we have sent you a code. Then refresh your access token and order again.',
  );

/** Returns the items with one line per SKU. Throws `invalid` if there is too much of one. */
function mergedBySku(items: readonly StockLine[]): StockLine[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of items) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  if (Math.max(...quantities.values()) > MAX_QUANTITY) throw invalidField('items', `At most ${MAX_QUANTITY} pieces of one SKU.`);
  return Array.from(quantities, ([sku, quantity]) => ({ sku, quantity }));
}

/**
 * Returns the lines with their quotes. Throws `conflict` (`lines-unavailable`) with every SKU that
 * is not for sale.
 */
function quoted(lines: readonly StockLine[], quotes: readonly PromiseSettledResult<SkuQuote>[]): { quote: SkuQuote; quantity: number }[] {
  const forSale: { quote: SkuQuote; quantity: number }[] = [];
  const unavailable: { sku: string; reason: string }[] = [];
  for (const [i, { sku, quantity }] of lines.entries()) {
    const quote = quotes[i];
    if (quote?.status === 'fulfilled') forSale.push({ quote: quote.value, quantity });
    else if (quote?.reason instanceof DomainError && quote.reason.kind === 'missing') unavailable.push({ sku, reason: quote.reason.slug });
    else throw quote?.reason;
  }
  if (unavailable.length > 0)
    throw new DomainError('conflict', 'lines-unavailable', 'Some products are no longer for sale.', { lines: unavailable });
  return forSale;
}
