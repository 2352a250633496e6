import { randomUUID } from 'node:crypto';
import { until } from '@sidecart/runner/until';
import { startApp, type Ask } from '@sidecart/testing/app';
import { aUser } from '@sidecart/testing/tokens';
import { customer, guest } from '../src/cart/owner.js';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';
import { fakeUpstreams } from './upstreams.js';

export type CartsApp = Awaited<ReturnType<typeof startCarts>>;
export type Shop = ReturnType<CartsApp['renew']>;

/** Starts the carts service beside a real sidecar, with fakes of catalog and inventory. */
export async function startCarts(settings: Record<string, string> = {}) {
  let shop = fakeUpstreams();
  const app = await startApp('carts', Settings.parse(settings), (deps) =>
    createApp({
      ...deps,
      quote: (input) => shop.quote(input),
      hold: (input) => shop.hold(input),
      stock: (input) => shop.stock(input),
    }),
  );
  const get = async (ask: Ask) => (await app.request('GET', '/api/cart', undefined, ask)).body;

  return {
    ...app,
    get,
    add: (ask: Ask, sku: string, quantity: number) => app.request('POST', '/api/cart/items', { sku, quantity }, ask),
    put: (ask: Ask, sku: string, quantity: number) => app.request('PUT', `/api/cart/items/${sku}`, { quantity }, ask),
    /** Empties the cart, or removes `/items/<sku>`. */
    drop: (ask: Ask, path = '') => app.request('DELETE', `/api/cart${path}`, undefined, ask),
    merge: (customer: Ask, guest: Ask) => app.request('POST', '/api/cart/merge', {}, { ...customer, ...guest }),
    contents: async (ask: Ask): Promise<[string, number][]> =>
      (await get(ask)).items.map((item: { sku: string; quantity: number }) => [item.sku, item.quantity]),
    /** Returns the events of this type and subject, once there are at least `count`. */
    async eventsOf(type: string, subject: string, count = 1) {
      const events = () => app.published.filter((event) => event.type === type && event.subject === subject);
      await until(`${count} ${type}`, 5, async () => events().length >= count);
      return events();
    },
    /** Replaces the fakes with new ones. */
    renew: () => (shop = fakeUpstreams()),
  };
}

/** A new customer and a new guest, each as a request sends them. */
export function newPeople() {
  const userId = randomUUID();
  const session = randomUUID();
  return {
    userId,
    cartId: customer(userId).cartId,
    ann: { as: aUser({ id: userId }) },
    session,
    guestCartId: guest(session).cartId,
    gil: { headers: { 'x-cart-session-id': session } },
  };
}
