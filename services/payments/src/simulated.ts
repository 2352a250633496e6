import { randomUUID } from 'node:crypto';
import type { Logger } from '@sidecart/chassis/logger';
import { traceHeaders } from '@sidecart/chassis/trace';
import type { Money } from '@sidecart/contracts/money';
import type { Provider } from './provider.js';
import { readEvent, sign } from './webhook.js';

export interface SimulatedOptions {
  secret: string;
  webhookUrl: string;
  logger: Logger;
  /** How long a bank debit takes, in ms. */
  delayMs?: number;
}

/** Stripe's test payment methods, and the outcome of a charge to each. */
const METHODS = new Map<string, { status: 'succeeded' | 'processing' } | { status: 'failed'; code: string }>([
  ['pm_card_visa', { status: 'succeeded' }],
  ['pm_card_chargeDeclined', { status: 'failed', code: 'card_declined' }],
  ['pm_card_chargeDeclinedInsufficientFunds', { status: 'failed', code: 'card_declined' }],
  ['pm_usBankAccount_success', { status: 'processing' }],
]);

/**
 * Returns a provider that moves no money. The id and method of a payment alone decide the outcome,
 * so a repeat has the same one without anything being stored.
 */
export function createSimulated({ secret, webhookUrl, logger, delayMs = 2_000 }: SimulatedOptions): Provider {
  const debits = new Map<string, NodeJS.Timeout>();
  const deliveries = new Set<Promise<void>>();
  const closing = new AbortController();

  function debit(reference: string, paymentId: string, amount: Money): void {
    if (debits.has(reference) || closing.signal.aborted) return;
    const succeed = () => {
      debits.delete(reference);
      const delivery = sendWebhook(reference, paymentId, amount)
        .catch((error: unknown) => logger.warn({ err: error, paymentId }, 'webhook not delivered'))
        .finally(() => deliveries.delete(delivery));
      deliveries.add(delivery);
    };
    debits.set(reference, setTimeout(succeed, delayMs).unref());
  }

  async function sendWebhook(reference: string, paymentId: string, { amount, currency }: Money): Promise<void> {
    const intent = {
      id: reference,
      object: 'payment_intent',
      amount,
      currency: currency.toLowerCase(),
      status: 'succeeded',
      metadata: { paymentId },
    };
    const event = { id: `evt_${randomUUID()}`, object: 'event', type: 'payment_intent.succeeded', data: { object: intent } };
    const payload = JSON.stringify(event);
    const headers = { 'content-type': 'application/json', 'stripe-signature': await sign(payload, secret), ...traceHeaders() };
    const signal = AbortSignal.any([AbortSignal.timeout(5_000), closing.signal]);
    const answer = await fetch(webhookUrl, { method: 'POST', headers, body: payload, signal });
    if (!answer.ok) throw new Error(`${webhookUrl} answered ${answer.status}`);
  }

  return {
    accepts: (method) => METHODS.has(method),

    async charge({ paymentId, amount, method }) {
      const outcome = METHODS.get(method) ?? { status: 'failed', code: 'resource_missing' };
      const reference = `pi_${paymentId}`;
      if (outcome.status === 'processing') debit(reference, paymentId, amount);
      return { reference, ...outcome };
    },

    async retrieve(reference) {
      return { reference, status: debits.has(reference) ? 'processing' : 'succeeded' };
    },

    async refund() {},

    verifyWebhook: (rawBody, signature) => readEvent(rawBody, signature, secret),

    async close() {
      closing.abort();
      for (const timer of debits.values()) clearTimeout(timer);
      debits.clear();
      await Promise.all(deliveries);
    },
  };
}
