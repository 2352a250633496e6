import { randomUUID } from 'node:crypto';
import { DomainError, found } from '@sidecart/chassis/errors';
import type { NewEvent } from '@sidecart/contracts/event';
import { changed, quantityOf, type Cart, type Target } from './cart.js';
import type { Hold } from './hold.js';
import type { Owner } from './owner.js';
import type { Carts } from './store.js';

/** Each attempt that fails means that another change of the cart has succeeded. */
const MAX_ATTEMPTS = 100;

/** Returns the cart of an owner, among those that a change covers. */
export type CartOf = (owner: Pick<Owner, 'cartId'>) => Cart;

export interface Change {
  owners: readonly Owner[];
  /**
   * Returns what the carts are to have. Called again if they have changed meanwhile. What it throws
   * refuses the change.
   */
  plan: (cartOf: CartOf) => readonly Target[] | Promise<readonly Target[]>;
  /** Returns the events of the change. */
  events?: (after: CartOf) => readonly NewEvent[];
  /**
   * The event that causes the change. It changes the carts once, however often it is delivered
   * within a week.
   */
  eventId?: string;
}

export interface Result {
  before: CartOf;
  after: CartOf;
}

export type ChangeCarts = ReturnType<typeof createChangeCarts>;

/**
 * Changes carts together with what they hold in inventory. Sets the hold first, then saves the cart
 * if it is still the one that the hold was set for; if not, does both again for the newer cart. So
 * the last hold belongs to the last saved cart, however many requests change it at once, on however
 * many replicas.
 */
export function createChangeCarts({ carts, hold }: { carts: Carts; hold: Hold }) {
  async function changeCarts(change: Change): Promise<Result> {
    const touched = new Map<string, Target>();
    try {
      return await apply(change, touched);
    } catch (error) {
      // Make what earlier attempts have held match the carts again.
      if (touched.size > 0) await apply({ owners: change.owners, plan: () => [] }, touched);
      throw error;
    }
  }

  /** `touched` are the targets that were held, by this attempt and earlier ones. */
  async function apply({ owners, plan, events = () => [], eventId }: Change, touched: Map<string, Target>): Promise<Result> {
    const guestOf = guestsAmong(owners);
    let { carts: before, isHandled } = await carts.load(owners, eventId);
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
      const planned = isHandled ? [] : await plan(lookUp(before));
      const targets = withTouched(planned, before, touched);
      if (targets.length === 0 && (isHandled || eventId === undefined)) return { before: lookUp(before), after: lookUp(before) };
      const held = await Promise.all(targets.map((each) => holdUpTo({ ...each, ...guestOf(each) }, touched)));
      const itemsOf = (id: string) => held.filter(({ cartId }) => cartId === id);
      const nextCheckoutId = randomUUID();
      const replacement = (now: Date) => {
        const after = targets.length === 0 ? before : before.map((cart) => changed(cart, itemsOf(cart.cartId), { now, nextCheckoutId }));
        return { carts: after, events: planned.length === 0 ? [] : events(lookUp(after)) };
      };
      const result = await carts.replace(before, replacement, isHandled ? undefined : eventId);
      if ('saved' in result) return { before: lookUp(before), after: lookUp(result.saved) };
      before = result.newer.carts;
      isHandled ||= result.newer.isHandled;
    }
    throw new DomainError('unavailable', 'cart-busy', 'Too many requests are changing this cart at once. Try again.', { retryAfter: 1 });
  }

  /**
   * Returns the target with the quantity that can be held. Throws the refusal if that is not
   * enough.
   */
  async function holdUpTo(target: Target, touched: Map<string, Target>): Promise<Target> {
    const refusal = await hold(target);
    if (!refusal) {
      touched.set(`${target.cartId} ${target.sku}`, target);
      return target;
    }
    const { least } = target;
    if (least === undefined) throw refusal.error;
    const less = { ...target, quantity: Math.max(least, refusal.available) };
    return less.quantity < target.quantity ? holdUpTo(less, touched) : { ...target, quantity: least };
  }

  return changeCarts;
}

/** Returns a function that looks up the address of a target's owner, if the owner is a guest. */
function guestsAmong(owners: readonly Owner[]): (target: Target) => Pick<Target, 'guestAddress'> {
  const addresses = new Map(owners.flatMap(({ cartId, guestAddress }) => (guestAddress === undefined ? [] : [[cartId, { guestAddress }]])));
  return ({ cartId }) => addresses.get(cartId) ?? {};
}

function lookUp(carts: readonly Cart[]): CartOf {
  const byId = new Map(carts.map((cart) => [cart.cartId, cart]));
  return ({ cartId }) => found(byId.get(cartId), 'The cart');
}

/**
 * Returns the planned targets, and for what earlier attempts have held beside them, the quantities
 * in the carts.
 */
function withTouched(planned: readonly Target[], carts: readonly Cart[], touched: ReadonlyMap<string, Target>): Target[] {
  const cartOf = lookUp(carts);
  const others = [...touched.values()].filter(({ cartId, sku }) => !planned.some((each) => each.cartId === cartId && each.sku === sku));
  const restored = others.map((each) => {
    const quantity = quantityOf(cartOf(each), each.sku);
    return { ...each, quantity, least: quantity };
  });
  return [...planned, ...restored];
}
