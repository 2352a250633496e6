import { DomainError } from '../http/errors.js';
import { DaprError } from './dapr.js';

/**
 * Longer than an event waits for anything it depends on: an earlier event, or a document about to
 * be written.
 */
const EARLY_MS = 10 * 60_000;
const LOG_EVERY_MS = 30_000;
const MAX_REMEMBERED = 10_000;

export interface Verdict {
  /** The reply to the sidecar: deliver the event again, or make it a dead letter. */
  status: 'RETRY' | 'DROP';
  /** Whether to log the failure: the first of an event, then one every 30 seconds. */
  shouldLog: boolean;
}

export type EventFailures = ReturnType<typeof createEventFailures>;

/**
 * Decides what happens to an event whose handler failed. A temporary failure (the store, the broker
 * or another service is unavailable) is retried without end. An event that the domain refuses as
 * `invalid` can never succeed, and becomes a dead letter at once. Any other event may only be early:
 * it becomes a dead letter after failing for ten minutes in this process.
 */
export function createEventFailures({ earlyMs = EARLY_MS } = {}) {
  const failing = new Map<string, { since: number; loggedAt: number }>();

  function judge(eventId: string, error: unknown): Verdict {
    const now = performance.now();
    const { since, loggedAt } = failing.get(eventId) ?? { since: now, loggedAt: Number.NEGATIVE_INFINITY };
    const isDead = isInvalid(error) || (!isTemporary(error) && now - since >= earlyMs);
    const shouldLog = isDead || now - loggedAt >= LOG_EVERY_MS;
    failing.delete(eventId);
    if (isDead) return { status: 'DROP', shouldLog };
    failing.set(eventId, { since, loggedAt: shouldLog ? now : loggedAt });
    const [oldest] = failing.keys();
    if (failing.size > MAX_REMEMBERED && oldest !== undefined) failing.delete(oldest);
    return { status: 'RETRY', shouldLog };
  }

  return { judge, succeeded: (eventId: string) => void failing.delete(eventId) };
}

const isInvalid = (error: unknown) => error instanceof DomainError && (error.kind === 'invalid' || error.kind === 'too-large');

function isTemporary(error: unknown): boolean {
  if (error instanceof DomainError) return error.kind === 'unavailable' || error.kind === 'limited';
  return error instanceof DaprError && !error.isRejected;
}
