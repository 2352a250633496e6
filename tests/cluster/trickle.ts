/** A steady trickle of purchases, to see whether anybody notices what is done to the shop meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import { aCustomer, type Answer, type Customer } from '../src/api.js';

export interface Purchase {
  orderId: string;
  buyer: Customer;
}

export interface Trickle {
  /** Lets what is under way finish. */
  stop(): Promise<{ bought: Purchase[]; requests: number; failures: string[] }>;
}

const CUSTOMERS = 4;

/**
 * Buys one piece at a time, each with an order and a payment, none of them tried twice.
 * @param everyMs how long after one purchase the next begins, whether or not it is over
 */
export async function trickle(url: string, productId: string, everyMs: number): Promise<Trickle> {
  const customers = await Promise.all(Array.from({ length: CUSTOMERS }, (_, i) => aCustomer(url, `trickle-${i}`)));
  const bought: Purchase[] = [];
  const failures: string[] = [];
  let requests = 0;
  const enough = new AbortController();

  async function asked(what: string, answer: Promise<Answer>): Promise<Answer | undefined> {
    requests++;
    const at = new Date().toISOString().slice(11, 23);
    try {
      const { status, body } = await answer;
      if (status === 201) return { status, body };
      failures.push(`${at} ${what}: ${status} ${JSON.stringify(body)}`);
    } catch (error) {
      failures.push(`${at} ${what}: ${String(error)}`);
    }
    return undefined;
  }

  async function buy(buyer: Customer): Promise<void> {
    const item = { productId, quantity: 1 };
    const key = { 'idempotency-key': crypto.randomUUID() };
    const order = await asked('order', buyer.ask('POST', '/api/orders', { items: [item] }, key));
    if (!order) return;
    const payment = { orderId: order.body.id, paymentMethodId: 'pm_card_visa' };
    const paid = await asked('payment', buyer.ask('POST', '/api/payments', payment, key));
    if (paid) bought.push({ orderId: order.body.id, buyer });
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
