import { DaprError } from './dapr.js';
import { DomainError } from '../http/errors.js';

/** Long enough for whatever an event waits for: the event before it, or a document that is about to be written. */
const EARLY_MS = 10 * 60_000;
const LOG_EVERY_MS = 30_000;
const MAX_REMEMBERED = 10_000;

export interface Verdict {
  /** The reply to the sidecar: deliver the event again, or move it to the dead letters. */
  status: 'RETRY' | 'DROP';
  /** Whether to log this failure: an event's first one, then one every 30 seconds. */
  isNews: boolean;
}

export type EventFailures = ReturnType<typeof createEventFailures>;

/**
 * Decides what becomes of an event whose handler failed. A failure that passes (the store, the broker or another service is away)
 * is tried again for as long as it takes. An event that the domain refuses as `invalid` can never succeed, and becomes a dead
 * letter at once. Any other may only be early: it becomes a dead letter after failing for ten minutes in this process.
 */
export function createEventFailures({ earlyMs = EARLY_MS } = {}) {
  const failing = new Map<string, { since: number; loggedAt: number }>();

  function judge(eventId: string, error: unknown): Verdict {
    const now = performance.now();
    const { since, loggedAt } = failing.get(eventId) ?? { since: now, loggedAt: Number.NEGATIVE_INFINITY };
    const isHopeless = isInvalid(error) || (!passes(error) && now - since >= earlyMs);
    const isNews = isHopeless || now - loggedAt >= LOG_EVERY_MS;
    failing.delete(eventId);
    if (isHopeless) return { status: 'DROP', isNews };
    failing.set(eventId, { since, loggedAt: isNews ? now : loggedAt });
    const [oldest] = failing.keys();
    if (failing.size > MAX_REMEMBERED && oldest !== undefined) failing.delete(oldest);
    return { status: 'RETRY', isNews };
  }

  return { judge, succeeded: (eventId: string) => void failing.delete(eventId) };
}

const isInvalid = (error: unknown) => error instanceof DomainError && (error.kind === 'invalid' || error.kind === 'too-large');

/** Whether waiting helps, and nothing else. */
function passes(error: unknown): boolean {
  if (error instanceof DomainError) return error.kind === 'unavailable' || error.kind === 'limited';
  return error instanceof DaprError && !error.isRejected;
}
