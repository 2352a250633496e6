import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { DomainError } from '@sidecart/chassis/errors';
import { hash, verify } from '@node-rs/argon2';

export interface PasswordOptions {
  memoryKiB: number;
  passes: number;
  /** How many may wait for a core. */
  maxWaiting: number;
  /** How many are hashed at once: one per core, less the one that the event loop needs, and no more than leave libuv a thread, unless told. */
  atOnce?: number;
}

export type Passwords = ReturnType<typeof createPasswords>;

/** Argon2id, off the event loop. Throws `unavailable` where too many wait already. */
export function createPasswords({ memoryKiB, passes, maxWaiting, atOnce = threads() }: PasswordOptions) {
  const cost = { memoryCost: memoryKiB, timeCost: passes, parallelism: 1 };
  const inTurn = turns(atOnce, maxWaiting);
  const nobodys = hash(randomUUID(), cost);

  return {
    hash: (password: string): Promise<string> => inTurn(() => hash(password, cost)),

    /** Whether it is the password. Where there is no account, false after the same work. */
    async matches(password: string, passwordHash: string | undefined): Promise<boolean> {
      const same = await inTurn(async () => verify(passwordHash ?? (await nobodys), password));
      return same && passwordHash !== undefined;
    },

    /** Whether it was made when hashes cost less. */
    isOutdated(passwordHash: string): boolean {
      const [, memory, times] = /m=(\d+),t=(\d+)/.exec(passwordHash) ?? [];
      return Number(memory) < memoryKiB || Number(times) < passes;
    },
  };
}

const threads = () => Math.min(3, Math.max(1, availableParallelism() - 1));

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
