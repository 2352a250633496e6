import { z } from 'zod';
import { call } from './call.js';
import { OrderId, PaymentId, UserId } from './common.js';
import { event } from './event.js';
import { Money } from './money.js';

const Payment = z.object({ paymentId: PaymentId, orderId: OrderId, userId: UserId, amount: Money });

export const PaymentSucceeded = event('payment.succeeded', 1, Payment);
/** `code` is the provider's word for why, e.g. `card_declined`. */
export const PaymentFailed = event('payment.failed', 1, Payment.extend({ code: z.string() }));
/** The money went back, because the order was cancelled or by hand. */
export const PaymentRefunded = event('payment.refunded', 1, Payment);

/**
 * `processing`: a payment is under way, and the bill stays open. `paid`: a payment has succeeded, even
 * if its event has not arrived yet.
 */
export const BillOutcome = z.discriminatedUnion('status', [
  z.object({ status: z.literal('closed') }),
  z.object({ status: z.literal('processing') }),
  z.object({ status: z.literal('paid'), paymentId: PaymentId, amount: Money }),
]);
export type BillOutcome = z.infer<typeof BillOutcome>;

/**
 * Closes the bill of an order that is about to expire, unless a payment has succeeded or still may. No
 * payment can begin on a closed bill.
 */
export const CloseBill = call('payments', 'close', z.strictObject({ orderId: OrderId, userId: UserId, total: Money }), BillOutcome);
