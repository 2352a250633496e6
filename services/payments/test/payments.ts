import { DomainError } from '@sidecart/chassis/errors';
import { createLogger } from '@sidecart/chassis/logger';
import type { App } from '@sidecart/chassis/service';
import type { Store } from '@sidecart/chassis/store';
import { OrderCancelled } from '@sidecart/contracts/orders';
import { until } from '@sidecart/runner/until';
import { startApp } from '@sidecart/testing/app';
import { anOrder, euros } from '@sidecart/testing/builders';
import { aUser } from '@sidecart/testing/tokens';
import { createApp } from '../src/app.js';
import type { CashierOptions } from '../src/cashier.js';
import type { Provider } from '../src/provider.js';
import { createSimulated } from '../src/simulated.js';
import { createLedger } from './ledger.js';

const MINUTE_MS = 60_000;
export const VISA = 'pm_card_visa';
export const DECLINED = 'pm_card_chargeDeclined';
export const BANK = 'pm_usBankAccount_success';
export const SECRET = 'a secret of this test';
export const TOTAL = euros(1200);
export const ann = aUser();

type Due = Awaited<ReturnType<CashierOptions['orderDue']>>;
export type PaymentsApp = Awaited<ReturnType<typeof startPayments>>;
/** The fakes of one test. */
export type Shop = ReturnType<PaymentsApp['renew']>;

/**
 * Starts the payments service beside a real sidecar, with fakes of orders and the provider, and a
 * clock.
 */
export async function startPayments() {
  let app: App | undefined;
  let count = 0;
  const clock = { now: new Date() };
  let shop: ReturnType<typeof renew>;

  const running = await startApp(
    'payments',
    {},
    ({ store, logger, now }) => {
      const transact: Store['transact'] = (keys, change) =>
        --shop.crashAt === 0 ? Promise.reject(new Error('crashed')) : store.transact(keys, change);
      app = createApp({
        store: { ...store, transact },
        logger,
        now,
        orderDue: (input) => shop.orderDue(input),
        provider: {
          accepts: (method) => shop.ledger.provider.accepts(method),
          charge: (payment) => shop.ledger.provider.charge(payment),
          retrieve: (reference) => shop.ledger.provider.retrieve(reference),
          refund: (payment) => shop.ledger.provider.refund(payment),
          verifyWebhook: (body, signature) => shop.ledger.provider.verifyWebhook(body, signature),
          close: () => shop.ledger.provider.close(),
        },
      });
      return app;
    },
    { now: () => clock.now },
  );

  function simulated(delayMs: number): Provider {
    const logger = createLogger('test');
    logger.level = 'silent';
    return createSimulated({ secret: SECRET, webhookUrl: `${running.url}/api/payments/webhook`, logger, delayMs });
  }

  const due = (orderId: string, change: Partial<Due> = {}): Due => {
    const payBy = new Date(clock.now.getTime() + 30 * MINUTE_MS).toISOString();
    return { orderId, userId: ann.id, status: 'pending', total: TOTAL, payBy, ...change };
  };

  /** Returns new fakes and an order to pay, at a time whose minutes no earlier test has drained. */
  function renew() {
    clock.now = new Date(Date.now() + ++count * 10 * MINUTE_MS);
    const orderId = `order-${count}`;
    const orders = new Map([[orderId, due(orderId)]]);
    const fakes = {
      orderId,
      orders,
      /** Calls of `orderDue` so far. */
      asked: 0,
      /** `orderDue` returns once this is resolved. */
      gate: Promise.resolve<unknown>(undefined),
      /** Makes the n-th transaction from now on fail, as in a crash just before it. */
      crashAt: 0,
      ledger: createLedger(simulated(60_000)),
      /** Makes bank debits succeed after a moment. */
      quickDebits: () => (fakes.ledger = createLedger(simulated(20))),
      async orderDue({ orderId }: { orderId: string }): Promise<Due> {
        fakes.asked++;
        await fakes.gate;
        const found = orders.get(orderId);
        if (!found) throw new DomainError('missing', 'not-found', 'The order was not found.');
        return found;
      },
    };
    shop = fakes;
    return fakes;
  }
  shop = renew();

  const pay = (paymentMethodId = VISA, { key, as = ann }: { key?: string; as?: typeof ann } = {}) => {
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    return running.request('POST', '/api/payments', { orderId: shop.orderId, paymentMethodId }, { as, headers });
  };
  const get = (path: string, as = ann) => running.request('GET', path, undefined, { as });

  return {
    ...running,
    clock,
    due,
    pay,
    get,
    statusOf: async (id: string) => (await get(`/api/payments/${id}`)).body.status,
    succeededCharges: () => [...shop.ledger.charges.values()].filter(({ status }) => status === 'succeeded'),
    /**
     * Returns the types of all events about the test's order. A payment made later shows that they
     * are all published.
     */
    async eventsOfOrder(): Promise<string[]> {
      const last = `last-of-${shop.orderId}`;
      shop.orders.set(last, due(last));
      const { body } = await running.request('POST', '/api/payments', { orderId: last, paymentMethodId: VISA }, { as: ann });
      await until('the last event', 5, async () => running.published.some(({ subject }) => subject === body.id));
      return running.published.filter(({ data }) => JSON.stringify(data).includes(`"${shop.orderId}"`)).map(({ type }) => type);
    },
    /** The event that the test's order was cancelled. */
    cancelled: () => {
      const buyer = { userId: ann.id, email: ann.email, name: ann.name };
      return OrderCancelled(
        shop.orderId,
        2,
        anOrder({ orderId: shop.orderId, status: 'cancelled', life: 'cancelled', buyer, total: TOTAL }),
      );
    },
    /** Lets minutes pass, then runs a cron turn. */
    async pass(minutes: number): Promise<void> {
      clock.now = new Date(clock.now.getTime() + minutes * MINUTE_MS);
      await app?.onCron?.(clock.now);
    },
    renew,
  };
}
