import { context, type Context } from '@opentelemetry/api';
import { shared } from './trace.js';

/**
 * Natural batching: while one call of `run` is in flight, further inputs wait and go together in the next one, at most `max` at a time.
 * `run` answers one output per input, in order; when it throws, every caller of that batch gets the error. `name` is that of a batch in traces.
 */
export function batched<I, O>(run: (inputs: I[]) => Promise<readonly O[]>, { max = 100, name = 'batch' } = {}): (input: I) => Promise<O> {
  const waiting: { input: I; at: Context; resolve: (output: O) => void; reject: (error: unknown) => void }[] = [];
  let running = false;

  async function drain(): Promise<void> {
    if (running) return;
    running = true;
    await Promise.resolve(); // callers of this same tick join the first batch
    while (waiting.length > 0) {
      const batch = waiting.splice(0, max);
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
      waiting.push({ input, at: context.active(), resolve, reject });
      void drain();
    });
}
