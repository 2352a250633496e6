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

export type Carts = ReturnType<typeof openCarts>;

export const cartKey = (cartId: string): Key<Cart> => key('cart', cartId);

/** The carts in the store. They are forgotten some days after their last change, and soon when they are empty. */
export function openCarts(store: Store, settings: Pick<Settings, 'GUEST_CART_DAYS' | 'CUSTOMER_CART_DAYS'>) {
  /** An empty cart where there is none. */
  async function read(owner: Owner): Promise<Cart> {
    return (await store.read(cartKey(owner.cartId))) ?? emptyCart(owner, randomUUID());
  }

  function putCart(cart: Cart): Write {
    const days = cart.userId === null ? settings.GUEST_CART_DAYS : settings.CUSTOMER_CART_DAYS;
    return put(cartKey(cart.cartId), cart, cart.items.length === 0 ? EMPTY_SECONDS : days * DAY_SECONDS);
  }

  /** Puts each cart in the place of the one it was made from. Where one has changed meanwhile, writes nothing and answers them as they are. */
  function replace(before: readonly Cart[], after: readonly Cart[], events: readonly NewEvent[]): Promise<Cart[] | undefined> {
    const blank = before.map((cart) => emptyCart(cart, randomUUID()));
    const keys = before.map(({ cartId }) => cartKey(cartId));
    return store.transact(keys, (docs) => {
      const now = blank.map((empty) => docs.get(cartKey(empty.cartId)) ?? empty);
      if (now.some(({ version }, i) => version !== before[i]?.version)) return { result: now };
      return { write: after.map(putCart), events, result: undefined };
    });
  }

  return { read, putCart, replace };
}
