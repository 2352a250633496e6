/**
 * A steady trickle of purchases, to see whether customers notice what happens to the shop
 * meanwhile.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { aCustomer, insist, type Answer, type Customer } from '../support/api.js';

export interface Purchase {
  orderId: string;
  buyer: Customer;
}

export interface Trickle {
  /** Waits for purchases in progress. */
  stop(): Promise<{ bought: Purchase[]; requests: number; failures: string[] }>;
}

/** Enough customers that none reaches the limit of unpaid orders while events are delayed. */
const CUSTOMERS = 20;

/**
 * Buys one piece at a time, each with an order and a payment.
 * @param everyMs how long after one purchase the next begins, whether or not it is over
 */
export async function trickle(url: string, sku: string, everyMs: number): Promise<Trickle> {
  const customers = await Promise.all(Array.from({ length: CUSTOMERS }, (_, i) => aCustomer(url, `trickle-${i}`)));
  const bought: Purchase[] = [];
  const failures: string[] = [];
  let requests = 0;
  const enough = new AbortController();

  /**
   * Counts a failed request, then retries it with the same key as a good client does, so every
   * purchase completes.
   */
  async function asked(what: string, ask: () => Promise<Answer>): Promise<Answer> {
    requests++;
    const at = new Date().toISOString().slice(11, 23);
    const seen = await ask().catch(String);
    if (typeof seen === 'object' && seen.status === 201) return seen;
    failures.push(`${at} ${what}: ${JSON.stringify(seen)}`);
    return insist(ask);
  }

  async function buy(buyer: Customer): Promise<void> {
    const item = { sku, quantity: 1 };
    const key = { 'idempotency-key': crypto.randomUUID() };
    const order = await asked('order', () => buyer.ask('POST', '/api/orders', { items: [item] }, key));
    const payment = { orderId: order.body.id, paymentMethodId: 'pm_card_visa' };
    await asked('payment', () => buyer.ask('POST', '/api/payments', payment, key));
    bought.push({ orderId: order.body.id, buyer });
  }

  async function run(): Promise<void> {
    const underWay: Promise<void>[] = [];
    for (let n = 0; !enough.signal.aborted; n++) {
      const buyer = customers[n % CUSTOMERS];
      if (buyer) underWay.push(buy(buyer));
      await delay(everyMs);
    }
    await Promise.all(underWay);
  }

  const done = run();
  return {
    async stop() {
      enough.abort();
      await done;
      return { bought, requests, failures };
    },
  };
}
