import { DomainError } from '@sidecart/chassis/errors';
import type { Stripe } from 'stripe';
import type { ProviderEvent } from './provider.js';

/** Loaded with the first webhook, because it takes 20 MB. */
const webhooks = async () => (await import('stripe')).Stripe.webhooks;

/** The `Stripe-Signature` of a payload. */
export async function sign(payload: string, secret: string): Promise<string> {
  return (await webhooks()).generateTestHeaderString({ payload, secret });
}

/** Reads an event that Stripe, or a provider that signs as Stripe does, has signed with `secret` within the last five minutes. */
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
    throw new DomainError('invalid', 'bad-signature', 'The signature is not one of this body, or it is too old.');
  }
}
