import type { App } from '@sidecart/chassis/service';
import type { Store } from '@sidecart/chassis/store';
import type { User } from '@sidecart/contracts/access-token';
import { until } from '@sidecart/runner/until';
import { startApp } from '@sidecart/testing/app';
import { aUser } from '@sidecart/testing/tokens';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';
import { fakeUpstreams } from './upstreams.js';

export const MINUTE_MS = 60_000;
const STEP_MINUTES = 40;

export const sue = aUser({ id: 'sue', role: 'staff', permissions: ['orders'] });
export const A_MUG = { items: [{ sku: 'mug', quantity: 1 }] };

export type OrdersApp = Awaited<ReturnType<typeof startOrders>>;

/**
 * Starts the orders service beside a real sidecar, with fakes of the other services and a clock.
 */
export async function startOrders(settings: Record<string, string> = {}) {
  const clock = { now: new Date() };
  let isCrashed = false;
  let app: App | undefined;
  let upstreams = fakeUpstreams();
  const create: Parameters<typeof startApp<Settings>>[2] = ({ store, ...deps }) => {
    const transact: Store['transact'] = (keys, change) => (isCrashed ? Promise.reject(new Error('crashed')) : store.transact(keys, change));
    app = createApp({
      ...deps,
      store: { ...store, transact },
      customerCart: (input) => upstreams.calls.customerCart(input),
      quote: (input) => upstreams.calls.quote(input),
      reserve: (input) => upstreams.calls.reserve(input),
      release: (input) => upstreams.calls.release(input),
      closeIntent: (input) => upstreams.calls.closeIntent(input),
    });
    return app;
  };
  const running = await startApp('orders', Settings.parse(settings), create, { now: () => clock.now });

  const submit = (as: User, body: unknown = A_MUG, key?: string) =>
    running.request('POST', '/api/orders', body, { as, headers: key === undefined ? {} : { 'idempotency-key': key } });
  const get = (path: string, as: User) => running.request('GET', path, undefined, { as });

  return {
    ...running,
    clock,
    submit,
    get,
    cancel: (orderId: string, as: User, body: unknown = {}) => running.request('POST', `/api/orders/${orderId}/cancel`, body, { as }),
    /** Places an order for a mug, and returns what a payment of it reports. */
    async placed(as: User) {
      const { body } = await submit(as);
      return { orderId: String(body.id), paymentId: `pay-${body.id}`, userId: as.id, amount: body.total };
    },
    statusOf: async (orderId: string, as: User) => (await get(`/api/orders/${orderId}`, as)).body.status,
    historyOf: async (orderId: string, as: User) => (await get(`/api/orders/${orderId}/history`, as)).body,
    /**
     * Returns the types of all events of an order. An order placed later shows that they are all
     * published.
     */
    async eventsOf(orderId: string): Promise<string[]> {
      const { body } = await submit(aUser({ id: `last-of-${orderId}` }));
      await until('the last event', 5, async () => running.published.some(({ subject }) => subject === body.id));
      return running.published.filter(({ subject }) => subject === orderId).map(({ type }) => type);
    },
    /**
     * Lets time pass. Cron wakes the service at least every 40 minutes, because deadlines doubt a
     * longer jump.
     */
    async pass(minutes: number): Promise<void> {
      for (let left = minutes; left >= 0; left -= STEP_MINUTES) {
        clock.now = new Date(clock.now.getTime() + Math.min(left, STEP_MINUTES) * MINUTE_MS);
        await app?.onCron?.(clock.now);
      }
    },
    /** Whether every transaction fails from now on. */
    crash: (crashed: boolean) => (isCrashed = crashed),
    /** Replaces the fakes with new ones. */
    renew: () => (upstreams = fakeUpstreams()),
  };
}

export type Placed = Awaited<ReturnType<OrdersApp['placed']>>;
