import type { User } from '@sidecart/chassis/auth';
import type { App } from '@sidecart/chassis/service';
import type { Store } from '@sidecart/chassis/store';
import { startApp } from '@sidecart/testing/app';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';
import { createNeighbours } from './neighbours.js';

const MINUTE_MS = 60_000;
const STEP_MINUTES = 40;

/** Starts the orders service beside a real sidecar, with fakes of the other services and a clock. */
export async function startOrders(settings: Record<string, string> = {}) {
  const at = { now: new Date(), crashed: false };
  let app: App | undefined;
  let shop = createNeighbours();
  const running = await startApp('orders', Settings.parse(settings), ({ store, ...deps }) => {
    const transact: Store['transact'] = (keys, change) =>
      at.crashed ? Promise.reject(new Error('crashed')) : store.transact(keys, change);
    app = createApp({
      ...deps,
      store: { ...store, transact },
      now: () => at.now,
      customerCart: (input) => shop.neighbours.customerCart(input),
      quote: (input) => shop.neighbours.quote(input),
      reserve: (input) => shop.neighbours.reserve(input),
      closeBill: (input) => shop.neighbours.closeBill(input),
    });
    return app;
  });

  const submit = (as: User, body: unknown = { items: [{ sku: 'mug', quantity: 1 }] }, headers: Record<string, string> = {}) =>
    running.request('POST', '/api/orders', body, { as, headers });

  return {
    ...running,
    submit,
    /** Places an order, and returns what a payment of it says. */
    async placed(as: User) {
      const { body } = await submit(as);
      return { orderId: String(body.id), paymentId: `pay-${body.id}`, userId: as.id, amount: body.total };
    },
    get: async (path: string, as: User) => (await running.request('GET', path, undefined, { as })).body,
    statusOf: async (orderId: string, as: User) => (await running.request('GET', `/api/orders/${orderId}`, undefined, { as })).body.status,
    /** Lets time pass. Cron wakes the service at least every 40 minutes, because deadlines doubt a longer jump. */
    async pass(minutes: number): Promise<void> {
      for (let left = minutes; left >= 0; left -= STEP_MINUTES) {
        at.now = new Date(at.now.getTime() + Math.min(left, STEP_MINUTES) * MINUTE_MS);
        await app?.onCron?.(at.now);
      }
    },
    /** Whether the store takes nothing any more. */
    crash: (crashed: boolean) => (at.crashed = crashed),
    /** New fakes: full shelves, no carts, nothing paid. */
    renew: () => (shop = createNeighbours()),
  };
}
