import { DomainError } from '@sidecart/chassis/errors';
import type { Stripe } from 'stripe';
import type { ProviderEvent } from './provider.js';

/** Loads Stripe's library with the first webhook, because it takes 20 MB. */
const webhooks = async () => (await import('stripe')).Stripe.webhooks;

/** Returns the `Stripe-Signature` header of a payload. */
export async function sign(payload: string, secret: string): Promise<string> {
  return (await webhooks()).generateTestHeaderString({ payload, secret });
}

/**
 * Returns the event of a payload that was signed with `secret`, as Stripe signs, within the last
 * five minutes, or `undefined` if it is not about a payment. Throws `invalid` (`bad-signature`).
 */
export async function readEvent(rawBody: Buffer, signature: string, secret: string): Promise<ProviderEvent | undefined> {
  const event = await verified(rawBody, signature, secret);
  if (event.type !== 'payment_intent.succeeded' && event.type !== 'payment_intent.payment_failed') return undefined;
  const { id: reference, metadata, last_payment_error: error } = event.data.object;
  const paymentId = metadata['paymentId'];
  if (paymentId === undefined) return undefined;
  if (event.type === 'payment_intent.succeeded') return { paymentId, charge: { reference, status: 'succeeded' } };
  return { paymentId, charge: { reference, status: 'failed', code: error?.code ?? 'unknown' } };
}

async function verified(rawBody: Buffer, signature: string, secret: string): Promise<Stripe.Event> {
  const stripe = await webhooks();
  try {
    return stripe.constructEvent(rawBody, signature, secret);
  } catch {
    throw new DomainError('invalid', 'bad-signature', 'The signature does not match the body, or is more than five minutes old.');
  }
}
