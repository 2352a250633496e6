import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { StockLine } from '@sidecart/contracts/common';
import { Hold, Reserve } from '@sidecart/contracts/inventory';
import { OrderCancelled, OrderPaid, type OrderSnapshot } from '@sidecart/contracts/orders';
import { until as happens } from '@sidecart/runner/until';
import type { App } from '@sidecart/chassis/service';
import { startApp, type StartOptions } from '@sidecart/testing/app';
import { aLine, anOrder } from '@sidecart/testing/builders';
import { sharedDocuments } from '@sidecart/testing/documents';
import { aUser } from '@sidecart/testing/tokens';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';

export const STAFF = aUser({ id: 'eve', role: 'staff', permissions: ['inventory'] });
export const in15 = () => new Date(Date.now() + 15 * 60_000).toISOString();

/** Options of a request by staff with an Idempotency-Key. */
export const withKey = (key: string = randomUUID()) => ({ as: STAFF, headers: { 'idempotency-key': key } });

/** What the events of an order of these lines carry. */
export const orderOf = (orderId: string, ...lines: StockLine[]): OrderSnapshot =>
  anOrder({ orderId, lines: lines.map(({ sku, quantity }) => aLine(sku, quantity)) });

export type InventoryApp = Awaited<ReturnType<typeof startInventory>>;

/** Starts the inventory service beside a real sidecar. Time passes as `now` says. */
export async function startInventory(settings: Record<string, string> = {}, { now }: StartOptions = {}) {
  const documents = await sharedDocuments();
  let service: App | undefined;
  const app = await startApp(
    'inventory',
    Settings.parse({ DOCUMENTS_URL: 'memory:', ...settings }),
    async (deps) => (service = await createApp({ ...deps, documents })),
    now ? { now } : {},
  );
  const move = (sku: string, movement: object) => app.request('POST', `/api/inventories/${sku}/movements`, movement, withKey());

  return {
    ...app,
    documents,
    move,
    /** Runs what is due at a time. */
    cron: (at: Date) => service?.onCron?.(at),
    /** Returns a new SKU with this many pieces at the default location. */
    async stocked(quantity: number): Promise<string> {
      const sku = `S-${randomUUID()}`;
      const { status } = await app.request('POST', '/api/inventories', { sku, productId: 'p1' }, { as: STAFF });
      expect(status).toBe(201);
      if (quantity > 0) expect((await move(sku, { type: 'receive', quantity, reason: 'first stock' })).status).toBe(201);
      return sku;
    },
    stockOf: async (sku: string) => (await app.request('GET', `/api/inventories/${sku}`, undefined, { as: STAFF })).body,
    ledgerOf: async (sku: string, query = '') =>
      (await app.request('GET', `/api/inventories/${sku}/movements${query}`, undefined, { as: STAFF })).body,
    reserve: (reference: string, lines: StockLine[], cartId: string | null = null, until = in15(), country: string | null = null) =>
      app.call(Reserve, { reference, cartId, lines, until, country }),
    hold: (cartId: string, sku: string, quantity: number) => app.call(Hold, { cartId, sku, quantity, until: in15() }),
    paid: (order: OrderSnapshot) => app.deliver(OrderPaid(order.orderId, 2, order)),
    cancelled: (order: OrderSnapshot) => app.deliver(OrderCancelled(order.orderId, 2, order)),
    /** Returns the types of the events of these subjects, once there are at least `count`. */
    async eventsOf(count: number, ...subjects: string[]): Promise<string[]> {
      const types = () => app.published.filter(({ subject }) => subjects.includes(subject)).map(({ type }) => type);
      await happens(
        () => `${count} events of ${subjects.join(', ')}, got ${types().join(', ')}`,
        10,
        async () => types().length >= count,
      );
      return types();
    },
  };
}
