import { randomUUID } from 'node:crypto';
import { key, put, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { NewEvent } from '@sidecart/contracts/event';
import type { Settings } from '../config.js';
import { emptyCart, type Cart } from './cart.js';
import type { Owner } from './owner.js';

const DAY_SECONDS = 24 * 60 * 60;
/** Long enough for changes in progress to see that the cart has changed. */
const EMPTY_SECONDS = 60 * 60;
/** Longer than an event is delivered again. */
const HANDLED_SECONDS = 7 * DAY_SECONDS;

const cartKey = (cartId: string): Key<Cart> => key('cart', cartId);
/** Exists once the event has changed the carts. */
const handledKey = (eventId: string): Key<true> => key('handled', eventId);

export interface Loaded {
  carts: readonly Cart[];
  /** Whether the event has changed the carts before. */
  isHandled: boolean;
}

/** Carts after a change, with the change's events. */
export interface Replacement {
  carts: readonly Cart[];
  events: readonly NewEvent[];
}

/** The saved carts, or those that have been saved since, and nothing was saved. */
export type Replaced = { saved: readonly Cart[] } | { newer: Loaded };

export type Carts = ReturnType<typeof openCarts>;

/** The saved carts. They expire some days after their last change, and soon if they are empty. */
export function openCarts(store: Store, settings: Pick<Settings, 'GUEST_CART_DAYS' | 'CUSTOMER_CART_DAYS'>) {
  /** Returns the owner's cart, which is empty if it was never saved or has expired. */
  async function read(owner: Owner): Promise<Cart> {
    return (await store.read(cartKey(owner.cartId))) ?? emptyCart(owner, randomUUID());
  }

  /** Returns the owners' carts, and whether the event has changed them before. */
  async function load(owners: readonly Owner[], eventId: string | undefined): Promise<Loaded> {
    const [handled, carts] = await Promise.all([
      eventId === undefined ? undefined : store.read(handledKey(eventId)),
      Promise.all(owners.map(read)),
    ]);
    return { carts, isHandled: handled !== undefined };
  }

  function putCart(cart: Cart): Write {
    const days = cart.userId === null ? settings.GUEST_CART_DAYS : settings.CUSTOMER_CART_DAYS;
    return put(cartKey(cart.cartId), cart, cart.items.length === 0 ? EMPTY_SECONDS : days * DAY_SECONDS);
  }

  /** Changes a saved cart, or nothing if `change` returns `undefined`. */
  function update(cartId: string, change: (cart: Cart, now: Date) => { cart: Cart; events: NewEvent[] } | undefined): Promise<void> {
    return store.transact([cartKey(cartId)], (docs, now) => {
      const before = docs.get(cartKey(cartId));
      const after = before && change(before, now);
      return after ? { write: [putCart(after.cart)], events: after.events, result: undefined } : { result: undefined };
    });
  }

  /**
   * Saves what `change` returns, and that the event is handled. If a cart has changed since
   * `before`, or the event is handled already, saves nothing and returns `newer`.
   */
  function replace(before: readonly Cart[], change: (now: Date) => Replacement, eventId: string | undefined): Promise<Replaced> {
    const blank = before.map((cart) => emptyCart(cart, randomUUID()));
    const handled = eventId === undefined ? [] : [handledKey(eventId)];
    return store.transact<Replaced>([...before.map(({ cartId }) => cartKey(cartId)), ...handled], (docs, now) => {
      const carts = blank.map((empty) => docs.get(cartKey(empty.cartId)) ?? empty);
      const isHandled = docs.all(handled).includes(true);
      if (isHandled || carts.some(({ version }, i) => version !== before[i]?.version)) return { result: { newer: { carts, isHandled } } };
      const { carts: after, events } = change(now);
      const changed = after.filter((cart) => !before.includes(cart));
      const write = [...changed.map(putCart), ...handled.map((mark) => put(mark, true, HANDLED_SECONDS))];
      return { write, events, result: { saved: after } };
    });
  }

  return { read, load, update, replace };
}
