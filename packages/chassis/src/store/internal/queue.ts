import { context } from '@opentelemetry/api';
import { DomainError } from '../../http/errors.js';
import { shared } from '../../telemetry/trace.js';
import { checkKeys, type Change, type Docs } from '../state.js';
import { reject, type Pending } from './group.js';

/** How the commit of a group affects the queue. */
export interface QueueControl {
  /** Whether the commit must give up: its callers have waited too long, or the store is closing. */
  isOverdue(): boolean;
  /** Puts changes back at the head of the queue. */
  putBack(changes: Pending[]): void;
}

export interface QueueOptions {
  groupSize: number;
  /** How long a change may wait, in ms. */
  patienceMs: number;
  /** Resolves or rejects the promise of every change, except those that it puts back. */
  commit: (group: Pending[], control: QueueControl) => Promise<void>;
}

const MAX_WAITING = 10_000;

export const unavailable = (cause: unknown): DomainError =>
  new DomainError('unavailable', 'store-unavailable', 'This cannot be saved at the moment. Try again.', { retryAfter: 1 }, { cause });

const stopping = () => new DomainError('unavailable', 'stopping', 'This replica is stopping. Try again.', { retryAfter: 1 });

/**
 * The changes that wait. While one group commits, further changes wait and share the next commit.
 */
export function createQueue({ groupSize, patienceMs, commit }: QueueOptions) {
  const waiting: Pending[] = [];
  let draining: Promise<void> | undefined;
  /** No change is tried after this, by `performance.now()`. */
  let closesAt = Number.POSITIVE_INFINITY;

  function transact<R>(keys: readonly string[], change: (docs: Docs, now: Date) => Change<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      checkKeys(keys);
      if (closesAt !== Number.POSITIVE_INFINITY) return reject(stopping());
      if (waiting.length >= MAX_WAITING) return reject(unavailable('too many changes are waiting'));
      const run = (docs: Docs, now: Date) => {
        const made = change(docs, now);
        return { ...made, result: () => resolve(made.result) };
      };
      const expiresAt = performance.now() + patienceMs;
      waiting.push({ keys: new Set(keys), run, reject, context: context.active(), expiresAt, isDone: false });
      draining ??= drain();
    });
  }

  async function drain(): Promise<void> {
    await Promise.resolve(); // changes of this tick join the first group
    while (waiting.length > 0) {
      const group = waiting.splice(0, groupSize).filter(isFresh);
      if (group.length === 0) continue;
      const endsAt = performance.now() + patienceMs;
      const isOverdue = () => performance.now() > Math.min(endsAt, closesAt);
      const contexts = group.map((pending) => pending.context);
      await shared('commit', contexts, () => commit(group, { isOverdue, putBack: (changes) => void waiting.unshift(...changes) }));
    }
    draining = undefined; // in the same tick as the last check of `waiting`
  }

  /**
   * Rejects a change whose caller has stopped waiting, so no backlog of abandoned changes is worked
   * off.
   */
  function isFresh(pending: Pending): boolean {
    if (pending.isDone) return false;
    if (performance.now() < Math.min(pending.expiresAt, closesAt)) return true;
    reject(pending, unavailable('the change waited too long'));
    return false;
  }

  return {
    transact,
    /**
     * Refuses further changes. Resolves when those that wait are committed, or rejected after `ms`.
     */
    async close(ms: number): Promise<void> {
      closesAt = Math.min(closesAt, performance.now() + ms);
      await draining;
    },
  };
}
