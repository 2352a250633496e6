import { context, type Context } from '@opentelemetry/api';
import { DomainError } from '../http/errors.js';
import { shared } from '../telemetry/trace.js';

export interface BatchOptions {
  /** The most inputs in one call. */
  max?: number;
  /** Names a batch in traces. */
  name?: string;
  /** The most inputs that wait for the next call. */
  maxWaiting?: number;
  /** How long a caller waits for its output, in ms. */
  patienceMs?: number;
}

interface Waiting<I, O> {
  input: I;
  context: Context;
  resolve: (output: O) => void;
  reject: (error: unknown) => void;
}

/**
 * Batches inputs: while one call of `run` is in flight, further inputs wait and share the next one.
 * `run` returns one output per input, in order. An error it throws rejects every caller of that
 * batch. Throws `unavailable` if too many callers are waiting, or after `patienceMs`; the input of a
 * caller that has waited too long leaves the queue.
 */
export function batched<I, O>(run: (inputs: I[]) => Promise<readonly O[]>, options: BatchOptions = {}): (input: I) => Promise<O> {
  const { max = 100, name = 'batch', maxWaiting = 10_000, patienceMs = 10_000 } = options;
  const waiting = new Set<Waiting<I, O>>();
  let isRunning = false;

  async function drain(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    await Promise.resolve(); // callers of this tick join the first batch
    while (waiting.size > 0) {
      const batch = firstOf(waiting, max);
      for (const each of batch) waiting.delete(each);
      try {
        const contexts = batch.map((each) => each.context);
        const outputs = await shared(name, contexts, () => run(batch.map(({ input }) => input)));
        if (outputs.length !== batch.length) throw new Error(`a batch of ${batch.length} inputs has ${outputs.length} outputs`);
        for (const [i, output] of outputs.entries()) batch[i]?.resolve(output);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isRunning = false;
  }

  return (input) =>
    new Promise((resolve, reject) => {
      if (waiting.size >= maxWaiting) return reject(busy());
      const entry: Waiting<I, O> = { input, context: context.active(), resolve, reject };
      const timer = setTimeout(() => {
        waiting.delete(entry);
        reject(busy());
      }, patienceMs);
      entry.resolve = (output) => {
        clearTimeout(timer);
        resolve(output);
      };
      entry.reject = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      waiting.add(entry);
      void drain();
    });
}

function firstOf<T>(all: Iterable<T>, count: number): T[] {
  const first: T[] = [];
  for (const each of all) {
    if (first.length === count) break;
    first.push(each);
  }
  return first;
}

const busy = () => new DomainError('unavailable', 'busy', 'Too many requests are waiting. Try again.', { retryAfter: 1 });
