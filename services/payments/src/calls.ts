import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { CloseIntent } from '@sidecart/contracts/payments';
import type { Cashier } from './cashier.js';

/** The calls that orders makes. */
export function paymentCalls(cashier: Cashier): Routes {
  const api = routes('payments');
  serve(api, CloseIntent, cashier.closeIfUnpaid);
  return api;
}
