import { context, type Context } from '@opentelemetry/api';
import { DomainError } from '../http/errors.js';
import { shared } from '../telemetry/trace.js';

export interface BatchOptions {
  /** At most this many inputs go in one call. */
  max?: number;
  /** Names a batch in traces. */
  name?: string;
  /** At most this many inputs wait for the next call. */
  maxWaiting?: number;
  /** A caller gets its answer or its refusal within this time, in ms. */
  patienceMs?: number;
}

interface Waiting<I, O> {
  input: I;
  at: Context;
  resolve: (output: O) => void;
  reject: (error: unknown) => void;
}

/**
 * Natural batching: while one call of `run` is in flight, further inputs wait and go together in the next one. `run` returns one
 * output per input, in order; if it throws, every caller of that batch gets the error. Throws `unavailable` to a caller that
 * finds too many waiting, or that has waited too long; the input of the latter leaves the queue.
 */
export function batched<I, O>(run: (inputs: I[]) => Promise<readonly O[]>, options: BatchOptions = {}): (input: I) => Promise<O> {
  const { max = 100, name = 'batch', maxWaiting = 10_000, patienceMs = 10_000 } = options;
  const waiting = new Set<Waiting<I, O>>();
  let running = false;

  async function drain(): Promise<void> {
    if (running) return;
    running = true;
    await Promise.resolve(); // callers of this same tick join the first batch
    while (waiting.size > 0) {
      const batch = firstOf(waiting, max);
      for (const each of batch) waiting.delete(each);
      try {
        const outputs = await shared(
          name,
          batch.map(({ at }) => at),
          () => run(batch.map(({ input }) => input)),
        );
        if (outputs.length !== batch.length) throw new Error(`a batch of ${batch.length} was answered with ${outputs.length}`);
        for (const [i, output] of outputs.entries()) batch[i]?.resolve(output);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  }

  return (input) =>
    new Promise((resolve, reject) => {
      if (waiting.size >= maxWaiting) return reject(busy());
      const entry: Waiting<I, O> = { input, at: context.active(), resolve, reject };
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
