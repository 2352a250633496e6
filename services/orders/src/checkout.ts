import { randomUUID } from 'node:crypto';
import type { User } from '@sidecart/chassis/auth';
import type { Deadlines } from '@sidecart/chassis/deadlines';
import { DomainError, found } from '@sidecart/chassis/errors';
import { derivedId } from '@sidecart/chassis/idempotency';
import { append } from '@sidecart/chassis/lists';
import { put } from '@sidecart/chassis/state';
import type { Standing } from '@sidecart/chassis/standing';
import type { Store } from '@sidecart/chassis/store';
import { customerCartId, type CartContents } from '@sidecart/contracts/carts';
import type { Quoted } from '@sidecart/contracts/catalog';
import { MAX_QUANTITY, type StockLine } from '@sidecart/contracts/common';
import type { Settings } from './config.js';
import { place, price, type Order, type Placing } from './order.js';
import { replay, sameRequest } from './replay.js';
import type { PlaceOrder } from './schemas.js';
import { cartOrderKey, orderKey, ordersOf } from './store.js';
import { addUnpaid, refuseTooMany, unpaidKey } from './unpaid.js';

/** The services that an order is made with. */
export interface Neighbours {
  customerCart: (input: { userId: string }) => Promise<CartContents>;
  quote: (input: { sku: string }) => Promise<Quoted>;
  reserve: (input: { reference: string; cartId: string | null; lines: StockLine[]; until: string }) => Promise<{ until: string }>;
}

export interface CheckoutOptions extends Neighbours {
  settings: Settings;
  store: Store;
  deadlines: Deadlines;
  standing: Standing;
  now: () => Date;
}

/** Stock stays reserved this much longer than the order waits for its payment, so that one that comes at the last moment finds it. */
const GRACE_MS = 15 * 60_000;

/** How a cart, or a list of items, becomes an order: quote, reserve, save. What was reserved and not saved lapses by itself. */
export function createCheckout({ settings, store, deadlines, standing, now, customerCart, quote, reserve }: CheckoutOptions) {
  return async function checkOut(user: User, request: PlaceOrder, idempotencyKey: string | undefined): Promise<Order> {
    if (settings.REQUIRE_VERIFIED !== 'never' && !user.verified) throw notVerified();
    const fingerprint = idempotencyKey === undefined ? null : derivedId(JSON.stringify(request));
    const keyed = idempotencyKey === undefined ? undefined : derivedId('key', user.id, idempotencyKey);
    const [known, cart] = await Promise.all([
      keyed === undefined ? undefined : store.read(orderKey(keyed)),
      request.items ? null : customerCart({ userId: user.id }),
    ]);
    if (known) return sameRequest(known, fingerprint);

    const items = summed(request.items ?? cart?.items ?? []);
    if (items.length === 0) throw new DomainError('conflict', 'cart-empty', 'There is nothing in the cart.');
    const ofCart = cart && derivedId('cart', user.id, cart.checkoutId);
    const id = keyed ?? ofCart ?? randomUUID();
    const [ordered, unpaid, quotes] = await Promise.all([
      cart ? store.read(cartOrderKey(user.id, cart.checkoutId)) : undefined,
      store.read(unpaidKey(user.id)),
      Promise.allSettled(items.map(({ sku }) => quote({ sku }))),
      standing.check(user.id),
    ]);
    const asked = { id, fingerprint, address: request.address ?? null, note: request.note ?? null };
    if (ordered !== undefined) return replay(found(await store.read(orderKey(ordered)), 'The order'), { ...asked, lines: items });
    refuseTooMany(unpaid, settings.MAX_UNPAID_ORDERS); // before stock is reserved; again when the order is saved

    const payBy = now().getTime() + settings.PAYMENT_MINUTES * 60_000;
    const priced = price(bought(items, quotes), settings.TAX_PERCENT);
    const reservation = await reserve({
      reference: id,
      cartId: cart?.cartId ?? customerCartId(user.id), // its holds are used for an order of items too
      lines: priced.lines.map(({ sku, quantity }) => ({ sku, quantity })),
      until: new Date(payBy + GRACE_MS).toISOString(),
    });
    return save({
      ...priced,
      ...asked,
      buyer: { userId: user.id, email: user.email, name: user.name },
      cart: cart && { cartId: cart.cartId, checkoutId: cart.checkoutId },
      // The reservation may be that of an earlier try, and end earlier.
      payBy: new Date(Math.min(payBy, Date.parse(reservation.until) - GRACE_MS)).toISOString(),
    });
  };

  function save(placing: Omit<Placing, 'at'>): Promise<Order> {
    const { id, buyer, cart } = placing;
    const at = orderKey(id);
    const list = ordersOf(buyer.userId);
    const payBy = new Date(placing.payBy);
    const ofCart = cart && cartOrderKey(buyer.userId, cart.checkoutId);
    const keys = [at, list.at, unpaidKey(buyer.userId), deadlines.noteKey(payBy), ...(ofCart ? [ofCart] : [])];
    return store.transact(keys, (docs) => {
      const known = docs.get(at);
      if (known) return { result: replay(known, placing) };
      const ordered = ofCart && docs.get(ofCart);
      if (ordered) return { result: replay(found(docs.get(orderKey(ordered)), 'The order'), placing) };
      const { order, events } = place({ ...placing, at: now().toISOString() }); // asked here, because a commit may be long in coming
      const unpaid = addUnpaid(docs, buyer.userId, id, settings.MAX_UNPAID_ORDERS);
      const listed = [...append(docs, list, id), ...deadlines.note(docs, id, payBy)];
      return { write: [put(at, order), unpaid, ...(ofCart ? [put(ofCart, id)] : []), ...listed], events, result: order };
    });
  }
}

const notVerified = () =>
  new DomainError('forbidden', 'address-not-verified', 'Prove that your address is yours first: see your mails. Then refresh your token.');

/** Returns the items with one line per SKU. Throws `invalid` if a line would be larger than a line may be. */
function summed(items: readonly StockLine[]): StockLine[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of items) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  if (Math.max(...quantities.values()) > MAX_QUANTITY)
    throw new DomainError('invalid', 'validation-failed', 'Some fields are missing, malformed or unknown.', {
      errors: [{ field: 'items', message: `no more than ${MAX_QUANTITY} of one SKU` }],
    });
  return Array.from(quantities, ([sku, quantity]) => ({ sku, quantity }));
}

/** Returns the items with their prices. Throws `conflict` (`lines-unavailable`) naming every SKU that is not for sale. */
function bought(items: readonly StockLine[], quotes: readonly PromiseSettledResult<Quoted>[]): { quoted: Quoted; quantity: number }[] {
  const taken: { quoted: Quoted; quantity: number }[] = [];
  const lines: { sku: string; reason: string }[] = [];
  for (const [i, { sku, quantity }] of items.entries()) {
    const quote = quotes[i];
    if (quote?.status === 'fulfilled') taken.push({ quoted: quote.value, quantity });
    else if (quote?.reason instanceof DomainError && quote.reason.kind === 'missing') lines.push({ sku, reason: quote.reason.slug });
    else throw quote?.reason;
  }
  if (lines.length > 0) throw new DomainError('conflict', 'lines-unavailable', 'Some products are no longer for sale.', { lines });
  return taken;
}
