import { z } from 'zod';

export const OPERATIONS = ['list', 'detail', 'add to cart', 'place order', 'pay', 'purchase'] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Product {
  id: string;
  sku: string;
}

/** The work of the load process. */
export interface Task {
  operation: Operation;
  edge: string;
  customers: number;
  seconds: number;
  tokens: string[];
  products: Product[];
}

/** The measurements of the load process. Times are in ms. */
export const Result = z.object({
  done: z.number(),
  perSecond: z.number(),
  p50: z.number(),
  p99: z.number(),
  errors: z.number(),
  firstError: z.string(),
});
export type Result = z.infer<typeof Result>;
