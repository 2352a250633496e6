import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { DomainError } from '@sidecart/chassis/errors';
import { Piscina } from 'piscina';
import type { hash, matches } from './worker.js';

export interface PasswordOptions {
  memoryKiB: number;
  passes: number;
  /** How many may wait for a core. */
  maxWaiting: number;
  /** How many are hashed at once, one per core unless told. */
  atOnce?: number;
}

export type Passwords = ReturnType<typeof createPasswords>;

/** Argon2id, on threads of low priority. Throws `unavailable` where too many wait already. */
export function createPasswords({ memoryKiB, passes, maxWaiting, atOnce = availableParallelism() }: PasswordOptions) {
  const cost = { memoryCost: memoryKiB, timeCost: passes, parallelism: 1 };
  const inTurn = turns(atOnce, maxWaiting);
  const threads = new Piscina({ filename: new URL('worker.js', import.meta.url).href, minThreads: atOnce, maxThreads: atOnce });
  const run = {
    hash: (task: Parameters<typeof hash>[0]): Promise<string> => threads.run(task, { name: 'hash' }),
    matches: (task: Parameters<typeof matches>[0]): Promise<boolean> => threads.run(task, { name: 'matches' }),
  };
  const nobodys = run.hash({ password: randomUUID(), cost });

  return {
    hash: (password: string): Promise<string> => inTurn(() => run.hash({ password, cost })),

    /** Whether it is the password. Where there is no account, false after the same work. */
    async matches(password: string, passwordHash: string | undefined): Promise<boolean> {
      const same = await inTurn(async () => run.matches({ password, passwordHash: passwordHash ?? (await nobodys) }));
      return same && passwordHash !== undefined;
    },

    /** Whether it was made when hashes cost less. */
    isOutdated(passwordHash: string): boolean {
      const [, memory, times] = /m=(\d+),t=(\d+)/.exec(passwordHash) ?? [];
      return Number(memory) < memoryKiB || Number(times) < passes;
    },

    /** Ends the threads once nobody waits. */
    close: (): Promise<void> => threads.close(),
  };
}

function turns(atOnce: number, maxWaiting: number) {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < atOnce) running++;
    else if (waiting.length < maxWaiting) await new Promise<void>((go) => waiting.push(go));
    else throw new DomainError('unavailable', 'too-many-sign-ins', 'Too many are signing in at the moment.', { retryAfter: 1 });
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
