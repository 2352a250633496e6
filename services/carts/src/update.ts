import { randomUUID } from 'node:crypto';
import { DomainError, found } from '@sidecart/chassis/errors';
import type { NewEvent } from '@sidecart/contracts/event';
import { changed, quantityOf, type Cart, type Want } from './cart.js';
import type { Hold } from './hold.js';
import type { Owner } from './owner.js';
import type { Carts } from './store.js';

/** With each try that fails some other change of the cart has succeeded. */
const MAX_TRIES = 100;

export interface UpdateOptions {
  carts: Carts;
  hold: Hold;
  now: () => Date;
}

/** The cart of an owner, of those that are being changed. */
export type CartOf = (owner: Pick<Owner, 'cartId'>) => Cart;

export interface Change {
  owners: readonly Owner[];
  /** What the carts are to have; asked again where they changed meanwhile. What it throws refuses the change. */
  plan: (cartOf: CartOf) => readonly Want[] | Promise<readonly Want[]>;
  tell?: (after: CartOf) => readonly NewEvent[];
  /** Names the change: it is made once, however often it is asked for within a week. */
  once?: string;
}

export interface Updated {
  before: CartOf;
  after: CartOf;
}

export type Update = ReturnType<typeof createUpdate>;

/**
 * Changes carts together with what they hold in inventory. A hold is set before the cart is saved, and the cart is saved only if it is still the
 * one that the hold was set for; else both are done again for the newer cart. So the last hold is always that of the last saved cart,
 * however many change it at once, on however many replicas.
 */
export function createUpdate({ carts, hold, now }: UpdateOptions) {
  async function update(change: Change): Promise<Updated> {
    const touched = new Map<string, Want>();
    try {
      return await settle(change, touched);
    } catch (error) {
      // What an earlier try has held is made to match the cart again.
      if (touched.size > 0) await settle({ owners: change.owners, plan: () => [] }, touched);
      throw error;
    }
  }

  async function settle({ owners, plan, tell = () => [], once }: Change, touched: Map<string, Want>): Promise<Updated> {
    const guestOf = guestsAmong(owners);
    let { carts: before, done } = await carts.load(owners, once);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const planned = done ? [] : await plan(lookUp(before));
      const wants = withTouched(planned, before, touched);
      if (wants.length === 0 && (done || once === undefined)) return { before: lookUp(before), after: lookUp(before) };
      const granted = await Promise.all(wants.map((each) => grant({ ...each, ...guestOf(each) }, touched)));
      const moment = { at: now(), fresh: randomUUID() };
      const itemsOf = (id: string) => granted.filter(({ cartId }) => cartId === id);
      const after = wants.length === 0 ? before : before.map((cart) => changed(cart, itemsOf(cart.cartId), moment));
      const events = planned.length === 0 ? [] : tell(lookUp(after));
      const newer = await carts.replace(before, after, { events, once: done ? undefined : once });
      if (!newer) return { before: lookUp(before), after: lookUp(after) };
      before = newer.carts;
      done ||= newer.done;
    }
    throw new DomainError('unavailable', 'cart-busy', 'The cart is being changed by too many at once.', { retryAfter: 1 });
  }

  /** Returns the want with what can be held of it. Throws the refusal if that is not enough. */
  async function grant(wanted: Want, touched: Map<string, Want>): Promise<Want> {
    const refusal = await hold(wanted);
    if (!refusal) {
      touched.set(`${wanted.cartId} ${wanted.sku}`, wanted);
      return wanted;
    }
    const { least } = wanted;
    if (least === undefined) throw refusal.error;
    const less = { ...wanted, quantity: Math.max(least, refusal.available) };
    return less.quantity < wanted.quantity ? grant(less, touched) : { ...wanted, quantity: least };
  }

  return update;
}

/** Looks up where a want's owner is a guest: at which address. */
function guestsAmong(owners: readonly Owner[]): (wanted: Want) => Pick<Want, 'guestAddress'> {
  const addresses = new Map(owners.flatMap(({ cartId, guestAddress }) => (guestAddress === undefined ? [] : [[cartId, { guestAddress }]])));
  return ({ cartId }) => addresses.get(cartId) ?? {};
}

function lookUp(carts: readonly Cart[]): CartOf {
  const known = new Map(carts.map((cart) => [cart.cartId, cart]));
  return ({ cartId }) => found(known.get(cartId), 'The cart');
}

/** What is planned, and what an earlier try has held beside it: as much as the carts have. */
function withTouched(planned: readonly Want[], carts: readonly Cart[], touched: ReadonlyMap<string, Want>): Want[] {
  const cartOf = lookUp(carts);
  const kept = [...touched.values()].filter(({ cartId, sku }) => !planned.some((each) => each.cartId === cartId && each.sku === sku));
  const had = kept.map((each) => {
    const quantity = quantityOf(cartOf(each), each.sku);
    return { ...each, quantity, least: quantity };
  });
  return [...planned, ...had];
}
