import { z } from 'zod';
import { OrderId, PaymentId, UserId } from './common.js';
import { event } from './event.js';
import { Money } from './money.js';

const Payment = z.object({ paymentId: PaymentId, orderId: OrderId, userId: UserId, amount: Money });

export const PaymentSucceeded = event('payment.succeeded', 1, Payment);
/** `code` is the provider's word for why, e.g. `card_declined`. */
export const PaymentFailed = event('payment.failed', 1, Payment.extend({ code: z.string() }));
/** The money went back, because the order was cancelled or by hand. */
export const PaymentRefunded = event('payment.refunded', 1, Payment);
