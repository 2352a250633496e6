import type { z } from 'zod';

/** A call between services: `POST /internal/<name>` of `app`, always for many inputs at once. */
export interface CallType<I, O> {
  readonly app: string;
  readonly name: string;
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType<O>;
}

export function call<I, O>(app: string, name: string, input: z.ZodType<I>, output: z.ZodType<O>): CallType<I, O> {
  return { app, name, input, output };
}

/** No shared call carries more inputs. */
export const MAX_INPUTS = 100;
