import { key, type Key } from '@sidecart/chassis/state';
import type { Bill, Payment } from './payment.js';

export const billKey = (orderId: string): Key<Bill> => key('bill', orderId);
export const paymentKey = (id: string): Key<Payment> => key('payment', id);
