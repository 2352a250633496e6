import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { CloseIntent } from '@sidecart/contracts/payments';
import type { Cashier } from './cashier.js';

/** What payments does for orders. */
export function paymentCalls(cashier: Cashier): Routes {
  const calls = routes('payments');
  serve(calls, CloseIntent, cashier.closeIfUnpaid);
  return calls;
}
