import type { Money } from '@sidecart/contracts/money';

/**
 * How far a charge is. `reference` is the provider's id for it; `code` is its reason for a failure.
 */
export type Charge = { reference: string } & ({ status: 'processing' | 'succeeded' } | { status: 'failed'; code: string });

/** What a provider reports by webhook. */
export interface ProviderEvent {
  paymentId: string;
  charge: Charge;
}

/** A payment provider. An error does not say whether the money has moved: ask again. */
export interface Provider {
  /** Whether this may be the id of a payment method. */
  accepts(method: string): boolean;
  /**
   * Charges once per `paymentId`, however often it is called, and returns the charge. A declined
   * card is a failed charge.
   */
  charge(payment: { paymentId: string; amount: Money; method: string }): Promise<Charge>;
  /** Returns how far a charge is that was `processing`. */
  retrieve(reference: string): Promise<Charge>;
  /** Refunds the whole amount, once per `paymentId`. */
  refund(payment: { paymentId: string; reference: string; amount: Money }): Promise<void>;
  /**
   * Returns the event of a webhook, or `undefined` if it is about something else. Throws `invalid`
   * (`bad-signature`).
   */
  verifyWebhook(rawBody: Buffer, signature: string): Promise<ProviderEvent | undefined>;
  /** Stops timers and deliveries. Resolves once none is running. */
  close(): Promise<void>;
}
