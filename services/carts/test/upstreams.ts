import { setImmediate as turn } from 'node:timers/promises';
import { DomainError, type Kind } from '@sidecart/chassis/errors';
import type { SkuQuote } from '@sidecart/contracts/catalog';
import { aQuote } from '@sidecart/testing/builders';

export interface GuestLimit {
  kind: Kind;
  slug: string;
  /** How many pieces of one SKU all guests together may hold. */
  pieces: number;
}

export interface Hold {
  cartId: string;
  sku: string;
  quantity: number;
  guestAddress?: string;
}

const UNLIMITED: GuestLimit = { kind: 'conflict', slug: 'guest-stock-limit', pieces: Infinity };

const nothing = async (): Promise<unknown> => undefined;

/** Fakes of catalog and inventory, with 1000 pieces of each SKU. */
export function fakeUpstreams() {
  const held = new Map<string, number>();
  const holdKey = (cartId: string, sku: string) => `${cartId} ${sku}`;
  const shop = {
    quotes: new Map<string, SkuQuote>(['mug', 'tea', 'hat'].map((sku) => [sku, aQuote(sku)])),
    onHand: new Map<string, number>(),
    asked: { quotes: 0, holds: 0, stocks: 0 },
    /** The holds that were requested, in order. */
    holds: new Array<Hold>(),
    guestLimit: UNLIMITED,
    /** Whether concurrent holds take effect in random order. */
    unruly: false,
    /** Runs once, before the next hold takes effect. */
    meanwhile: nothing,
    /** Whether inventory fails to answer. */
    down: false,
    /** Makes all holds lapse. */
    lapse: () => held.clear(),
    heldBy: (cartId: string, sku: string) => held.get(holdKey(cartId, sku)) ?? 0,
    quote,
    hold,
    stock,
  };

  function availableTo(cartId: string, sku: string): number {
    const others = [...held].filter(([key]) => key.endsWith(` ${sku}`) && key !== holdKey(cartId, sku));
    return Math.max(
      0,
      others.reduce((left, [, quantity]) => left - quantity, shop.onHand.get(sku) ?? 1000),
    );
  }

  async function quote({ sku }: { sku: string }): Promise<SkuQuote> {
    shop.asked.quotes++;
    const quote = shop.quotes.get(sku);
    if (!quote) throw new DomainError('missing', 'not-for-sale', `${sku} is not for sale.`);
    return quote;
  }

  async function hold({ cartId, sku, quantity, guestAddress }: Hold): Promise<void> {
    shop.asked.holds++;
    shop.holds.push({ cartId, sku, quantity, ...(guestAddress === undefined ? {} : { guestAddress }) });
    const { meanwhile } = shop;
    if (quantity > 0) {
      shop.meanwhile = nothing;
      await meanwhile();
    }
    await anyTurn();
    if (shop.down) throw new DomainError('unavailable', 'service-unavailable', 'inventory did not answer.');
    const available = availableTo(cartId, sku);
    const lines = [{ sku, requested: quantity, available }];
    if (quantity > available) throw new DomainError('conflict', 'out-of-stock', `There is not enough stock of ${sku}.`, { lines });
    const { kind, slug, pieces } = shop.guestLimit;
    const guests = [...held].filter(([key]) => key.startsWith('g-') && key.endsWith(` ${sku}`) && key !== holdKey(cartId, sku));
    const room = guests.reduce((left, [, others]) => left - others, pieces);
    if (guestAddress !== undefined && quantity > Math.max(room, held.get(holdKey(cartId, sku)) ?? 0))
      throw new DomainError(kind, slug, 'Sign in.', { lines: [{ sku, requested: quantity, available: room }], retryAfter: 60 });
    held.set(holdKey(cartId, sku), quantity);
    await anyTurn();
  }

  async function anyTurn(): Promise<void> {
    for (let turns = shop.unruly ? Math.floor(Math.random() * 8) : 0; turns > 0; turns--) await turn();
  }

  async function stock({ sku }: { sku: string }): Promise<{ orderable: number }> {
    shop.asked.stocks++;
    return { orderable: availableTo('', sku) };
  }

  return shop;
}
