import { Instant, OrderId, PaymentId } from '@sidecart/contracts/common';
import { Money } from '@sidecart/contracts/money';
import { z } from 'zod';
import { STATUSES } from './payment.js';

export const ById = z.object({ id: PaymentId });
export const ByOrder = z.strictObject({ orderId: OrderId });

const PaymentMethodId = z
  .string()
  .regex(/^\w{1,100}$/, 'Use 1 to 100 letters, digits and _.')
  .meta({ examples: ['pm_card_visa'] });

export const PayOrder = z.strictObject({ orderId: OrderId, paymentMethodId: PaymentMethodId });

const Status = z.enum(STATUSES).meta({ examples: ['succeeded'] });
const Move = z
  .object({ from: Status.nullable(), to: Status, at: Instant })
  .meta({ examples: [{ from: 'processing', to: 'succeeded', at: '2026-01-31T12:05:00.000Z' }] });

export const PaymentView = z
  .object({
    id: PaymentId,
    orderId: OrderId,
    amount: Money.meta({ examples: [{ amount: 6_000, currency: 'EUR' }] }),
    paymentMethodId: PaymentMethodId,
    status: Status,
    failure: z
      .object({ code: z.string() })
      .nullable()
      .meta({ description: "The provider's reason, if the payment failed.", examples: [null] }),
    createdAt: Instant,
    history: z.array(Move),
  })
  .meta({ id: 'Payment' });
export type PaymentView = z.infer<typeof PaymentView>;

export const Payments = z.object({ data: z.array(PaymentView), next: z.null() });

export const WebhookHeaders = z.object({
  'stripe-signature': z
    .string()
    .max(1_000)
    .meta({ examples: ['t=1769860800,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd'] }),
});
/** Read from the raw bytes once the signature is verified. */
export const ProviderEvent = z.looseObject({}).meta({
  description: 'An event of the provider.',
  examples: [{ id: 'evt_1', object: 'event', type: 'payment_intent.succeeded', data: { object: { id: 'pi_1' } } }],
});
export const Received = z.object({ received: z.literal(true) });
