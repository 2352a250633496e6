import type { z } from 'zod';

/**
 * A call from one service to another: `POST /internal/<name>` of `app`. Each request carries a list
 * of inputs.
 */
export interface CallType<I, O> {
  readonly app: string;
  readonly name: string;
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType<O>;
}

export function call<I, O>(app: string, name: string, input: z.ZodType<I>, output: z.ZodType<O>): CallType<I, O> {
  return { app, name, input, output };
}

/** The most inputs in one request. */
export const MAX_INPUTS = 100;
