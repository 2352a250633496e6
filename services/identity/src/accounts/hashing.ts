import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { DomainError } from '@sidecart/chassis/errors';
import { hash, verify } from 'argon2';
import { createTurns } from '../turns.js';

export interface PasswordOptions {
  memoryKiB: number;
  passes: number;
  /** How many requests may wait in each lane. */
  maxWaiting: number;
  /**
   * How many hashes run at once. By default one per core, minus one core for the event loop, and at
   * most 3 of libuv's 4 threads.
   */
  atOnce?: number;
}

export type Passwords = ReturnType<typeof createPasswords>;

/**
 * Hashes with Argon2id off the event loop. Sign-ins and new passwords wait in separate lanes, so
 * neither holds up the other. Throws `unavailable` if the lane is full.
 */
export function createPasswords({ memoryKiB, passes, maxWaiting, atOnce = threads() }: PasswordOptions) {
  const cost = { memoryCost: memoryKiB, timeCost: passes, parallelism: 1 };
  const turns = createTurns(atOnce);
  const forSignIns = turns.lane(maxWaiting, () => busy('Too many people are signing in.'));
  const forNewPasswords = turns.lane(maxWaiting, () => busy('Too many passwords are being set.'));
  const dummyHash = hash(randomUUID(), cost);

  return {
    /** Hashes a new password. */
    hash: (password: string): Promise<string> => forNewPasswords(() => hash(password, cost)),

    /** Hashes the password of a sign-in again, at the current cost. */
    rehash: (password: string): Promise<string> => forSignIns(() => hash(password, cost)),

    /**
     * Returns whether the password matches. Without a hash it does the same work and returns
     * `false`.
     */
    async matches(password: string, passwordHash: string | undefined): Promise<boolean> {
      const isSame = await forSignIns(async () => verify(passwordHash ?? (await dummyHash), password));
      return isSame && passwordHash !== undefined;
    },

    /** Returns whether the hash was made at a lower cost. */
    isOutdated(passwordHash: string): boolean {
      const cost = (name: 'm' | 't') => Number(new RegExp(`[$,]${name}=(\\d+)`).exec(passwordHash)?.[1]);
      return cost('m') < memoryKiB || cost('t') < passes;
    },
  };
}

const threads = () => Math.min(3, Math.max(1, availableParallelism() - 1));

const busy = (detail: string) => new DomainError('unavailable', 'too-many-sign-ins', `${detail} Try again in a moment.`, { retryAfter: 1 });
