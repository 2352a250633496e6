import type { Money } from '@sidecart/contracts/money';

/** How a charge stands. `reference` is the provider's own name for it, `code` its word for why it failed. */
export type Charge = { reference: string } & ({ status: 'processing' | 'succeeded' } | { status: 'failed'; code: string });

/** What a provider tells on its own. */
export interface ProviderEvent {
  paymentId: string;
  charge: Charge;
}

/** Whoever takes the money. What it throws says nothing about whether it did: ask again. */
export interface Provider {
  /** Whether this can be the id of a payment method. */
  accepts(method: string): boolean;
  /** Takes the money once per `paymentId`, however often and from wherever it is called. A declined card is an answer. */
  charge(payment: { paymentId: string; amount: Money; method: string }): Promise<Charge>;
  /** How a charge that was `processing` stands now. */
  retrieve(reference: string): Promise<Charge>;
  /** Gives all of it back, once per `paymentId`. */
  refund(payment: { paymentId: string; reference: string; amount: Money }): Promise<void>;
  /** The event of a webhook, or undefined where it is about something else. Throws `invalid` (`bad-signature`). */
  verifyWebhook(rawBody: Buffer, signature: string): Promise<ProviderEvent | undefined>;
  /** Stops everything the provider does on its own. Resolves once nothing of it is running. */
  close(): Promise<void>;
}
