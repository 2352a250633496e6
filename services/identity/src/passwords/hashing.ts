import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { DomainError } from '@sidecart/chassis/errors';
import { hash, verify } from 'argon2';
import { createTurns } from '../turns.js';

export interface PasswordOptions {
  memoryKiB: number;
  passes: number;
  /** How many may wait for a core in each lane. */
  maxWaiting: number;
  /** How many are hashed at once: one per core, less the one that the event loop needs, and no more than leave libuv a thread, unless told. */
  atOnce?: number;
}

export type Passwords = ReturnType<typeof createPasswords>;

/**
 * Argon2id, off the event loop. Sign-ins and new passwords wait in lanes of their own, so that neither holds up the other. Throws
 * `unavailable` if too many wait already.
 */
export function createPasswords({ memoryKiB, passes, maxWaiting, atOnce = threads() }: PasswordOptions) {
  const cost = { memoryCost: memoryKiB, timeCost: passes, parallelism: 1 };
  const turns = createTurns(atOnce);
  const forSignIns = turns.lane(maxWaiting, () => busy('Too many are signing in at the moment.'));
  const forNewPasswords = turns.lane(maxWaiting, () => busy('Too many passwords are being set at the moment.'));
  const nobodys = hash(randomUUID(), cost);

  return {
    /** Hashes a new password. */
    hash: (password: string): Promise<string> => forNewPasswords(() => hash(password, cost)),

    /** Hashes the password of a sign-in again. */
    rehash: (password: string): Promise<string> => forSignIns(() => hash(password, cost)),

    /** Returns whether it is the password; without an account, `false` after the same work. */
    async matches(password: string, passwordHash: string | undefined): Promise<boolean> {
      const same = await forSignIns(async () => verify(passwordHash ?? (await nobodys), password));
      return same && passwordHash !== undefined;
    },

    /** Whether it was made when hashes cost less. */
    isOutdated(passwordHash: string): boolean {
      const cost = (name: 'm' | 't') => Number(new RegExp(`[$,]${name}=(\\d+)`).exec(passwordHash)?.[1]);
      return cost('m') < memoryKiB || cost('t') < passes;
    },
  };
}

const threads = () => Math.min(3, Math.max(1, availableParallelism() - 1));

const busy = (detail: string) => new DomainError('unavailable', 'too-many-sign-ins', `${detail} Try again in a moment.`, { retryAfter: 1 });
