import { randomUUID } from 'node:crypto';
import { key, put, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { NewEvent } from '@sidecart/contracts/event';
import { emptyCart, type Cart } from './cart.js';
import type { Settings } from './config.js';
import type { Owner } from './owner.js';

const DAY_SECONDS = 24 * 60 * 60;
/** Long enough for changes that are under way to see that the cart has changed. */
const EMPTY_SECONDS = 60 * 60;
/** Longer than an event is delivered again. */
const DONE_SECONDS = 7 * DAY_SECONDS;

export type Carts = ReturnType<typeof openCarts>;

export const cartKey = (cartId: string): Key<Cart> => key('cart', cartId);
/** There once the change of this name has been made. */
const doneKey = (once: string): Key<true> => key('done', once);

interface Replacing {
  events: readonly NewEvent[];
  once: string | undefined;
}

export interface Found {
  carts: Cart[];
  /** Whether the change has been made before. */
  done: boolean;
}

/** The carts in the store. They are forgotten some days after their last change, and soon when they are empty. */
export function openCarts(store: Store, settings: Pick<Settings, 'GUEST_CART_DAYS' | 'CUSTOMER_CART_DAYS'>) {
  /** An empty cart where there is none. */
  async function read(owner: Owner): Promise<Cart> {
    return (await store.read(cartKey(owner.cartId))) ?? emptyCart(owner, randomUUID());
  }

  /** The owners' carts, and whether the change named `once` has been made. */
  async function load(owners: readonly Owner[], once: string | undefined): Promise<Found> {
    const [done, carts] = await Promise.all([once === undefined ? undefined : store.read(doneKey(once)), Promise.all(owners.map(read))]);
    return { carts, done: done !== undefined };
  }

  function putCart(cart: Cart): Write {
    const days = cart.userId === null ? settings.GUEST_CART_DAYS : settings.CUSTOMER_CART_DAYS;
    return put(cartKey(cart.cartId), cart, cart.items.length === 0 ? EMPTY_SECONDS : days * DAY_SECONDS);
  }

  /**
   * Replaces the carts and remembers the change named `once`. If a cart has changed meanwhile, or the change has been made, writes nothing and
   * returns what there is.
   */
  function replace(before: readonly Cart[], after: readonly Cart[], { events, once }: Replacing): Promise<Found | undefined> {
    const blank = before.map((cart) => emptyCart(cart, randomUUID()));
    const keys = before.map(({ cartId }) => cartKey(cartId));
    const marks = once === undefined ? [] : [doneKey(once)];
    return store.transact([...keys, ...marks], (docs) => {
      const carts = blank.map((empty) => docs.get(cartKey(empty.cartId)) ?? empty);
      const done = docs.all(marks).includes(true);
      if (done || carts.some(({ version }, i) => version !== before[i]?.version)) return { result: { carts, done } };
      const changed = after.filter((cart) => !before.includes(cart));
      return { write: [...changed.map(putCart), ...marks.map((mark) => put(mark, true, DONE_SECONDS))], events, result: undefined };
    });
  }

  return { read, load, putCart, replace };
}
