import type { Database } from './database.js';

/** More would stop everything else in this process for too long. */
const AT_ONCE = 250;

interface Job {
  run: () => void;
  done: () => void;
  reject: (error: unknown) => void;
}

interface QueueOptions {
  /** Called before each commit. */
  last: () => void;
  /** Called when a transaction was rolled back. */
  undo: () => void;
}

/** Runs writes that are requested at the same time in one transaction. If one throws, all do. */
export function createQueue(db: Database, { last, undo }: QueueOptions) {
  const waiting: Job[] = [];

  function flush(): void {
    const group = waiting.splice(0, AT_ONCE);
    if (waiting.length > 0) setImmediate(flush);
    try {
      db.transaction(() => {
        for (const { run } of group) run();
        last();
      });
    } catch (error) {
      undo();
      for (const { reject } of group) reject(error);
      return;
    }
    for (const { done } of group) done();
  }

  /** Resolves with what `work` returns, after the commit. */
  return <R>(work: () => R): Promise<R> =>
    new Promise((resolve, reject) => {
      let result: { value: R } | undefined;
      const run = () => void (result = { value: work() });
      waiting.push({ run, done: () => result && resolve(result.value), reject });
      if (waiting.length === 1) setImmediate(flush);
    });
}
