import { z } from 'zod';
import { call } from './call.js';
import { OrderId, PaymentId, UserId } from './common.js';
import { event } from './event.js';
import { Money } from './money.js';

const Payment = z.object({ paymentId: PaymentId, orderId: OrderId, userId: UserId, amount: Money });

export const PaymentSucceeded = event('payment.succeeded', 1, Payment);
/** `code` is the provider's reason, e.g. `card_declined`. */
export const PaymentFailed = event('payment.failed', 1, Payment.extend({ code: z.string() }));
/** The money went back to the customer. */
export const PaymentRefunded = event('payment.refunded', 1, Payment);

/**
 * `closed`: no payment can begin any more. `processing`: a payment is under way, and the intent
 * stays open. `paid`: a payment has succeeded, even if its event has not arrived yet.
 */
export const CloseOutcome = z.discriminatedUnion('status', [
  z.object({ status: z.literal('closed') }),
  z.object({ status: z.literal('processing') }),
  z.object({ status: z.literal('paid'), paymentId: PaymentId, amount: Money }),
]);
export type CloseOutcome = z.infer<typeof CloseOutcome>;

/**
 * Closes the payment intent of an order that is about to expire, unless a payment has succeeded or
 * still may.
 */
export const CloseIntent = call('payments', 'close', z.strictObject({ orderId: OrderId, userId: UserId, total: Money }), CloseOutcome);
