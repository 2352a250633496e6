import { key, put, type Key, type Write } from '@sidecart/chassis/state';
import type { PaymentIntent } from './intent.js';
import type { Payment } from './payment.js';

export const intentKey = (orderId: string): Key<PaymentIntent> => key('intent', orderId);
export const paymentKey = (id: string): Key<Payment> => key('payment', id);

export const putIntent = (intent: PaymentIntent): Write => put(intentKey(intent.orderId), intent);
export const putPayment = (payment: Payment): Write => put(paymentKey(payment.id), payment);
