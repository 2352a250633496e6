import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@sidecart/contracts/event';
import { DaprError, type Dapr } from '../../dapr/dapr.js';
import { DomainError } from '../../http/errors.js';
import { storeRetries } from '../../telemetry/metrics.js';
import { applyGroup, reject, type Outcome, type Pending } from './group.js';
import type { Outbox } from './outbox.js';
import { unavailable, type QueueControl } from './queue.js';
import { Fenced, seal, unpublished } from './seal.js';
import type { Slot } from './slots.js';
import type { Loaded } from './staging.js';

export interface CommitOptions {
  dapr: Dapr;
  outbox: Outbox;
  /** The source of events. */
  app: string;
  now: () => Date;
  /** Called with each committed event. */
  onCommit: (event: Envelope) => void;
}

/** A group on its way into the store. */
interface Attempt extends CommitOptions, QueueControl {
  group: Pending[];
  slot: Slot | undefined;
  /** Outcomes that may be committed, because their responses were lost, by batch. */
  tried: Map<string, Outcome>;
  /** The batch that was tried last. */
  lastBatch: string;
  /**
   * Keys that were tried. Loading them tells a conflict from a document that must not be created
   * again.
   */
  written: Set<string>;
  failures: number;
}

/**
 * Commits a group, together with its events, in one transaction. Retries until it succeeds or is
 * overdue. After failures it puts half of the group back, to be committed apart.
 */
export async function commitGroup(options: CommitOptions, group: Pending[], control: QueueControl): Promise<void> {
  const state = { group, slot: undefined, tried: new Map(), lastBatch: '', written: new Set<string>(), failures: 0 };
  const attempt: Attempt = { ...options, ...control, ...state };
  for (;;) {
    attempt.group = attempt.group.filter(({ isDone }) => !isDone);
    if (attempt.group.length === 0) break;
    try {
      await tryOnce(attempt);
    } catch (error) {
      await afterFailure(attempt, error);
    }
  }
  if (attempt.slot) options.outbox.release(attempt.slot);
}

async function tryOnce(attempt: Attempt): Promise<void> {
  const { dapr, outbox } = attempt;
  const slot = (attempt.slot ??= await outbox.take());
  const loaded = await load(attempt, slot);
  if (isCommitted(attempt, slot, loaded.stored)) return;
  const outcome = await apply(attempt, loaded);
  if (outcome.writes.length > 0) {
    const batch = { batch: outcome.batch, order: Date.now(), events: outcome.events };
    const sealing = seal(slot, batch, loaded.stored);
    attempt.lastBatch = outcome.batch;
    attempt.tried.set(outcome.batch, outcome);
    for (const { key } of outcome.writes) attempt.written.add(key);
    await dapr.commit([...outcome.writes, ...sealing]);
    outbox.publish(slot, batch);
    attempt.slot = undefined;
  }
  conclude(attempt, outcome);
}

/** Prepares the next try, or gives the group up. */
async function afterFailure(attempt: Attempt, error: unknown): Promise<void> {
  const { group, slot, tried, outbox } = attempt;
  attempt.failures++;
  storeRetries.add(1, { reason: isConflict(error) ? 'conflict' : 'failure' });
  if (error instanceof Fenced && slot) {
    void outbox.rejoin(slot.lane);
    attempt.slot = undefined;
    // What was tried in the fenced lane may be committed, and can no longer be looked up.
    if (tried.size > 0) giveUp(attempt, unavailable(error));
    return;
  }
  if (error instanceof DomainError) return giveUp(attempt, error);
  if (isRejected(error)) tried.delete(attempt.lastBatch); // it certainly was not committed
  if (isRejected(error) && group.length === 1) return giveUp(attempt, error);
  if (attempt.isOverdue()) {
    await lookUp(attempt);
    return giveUp(attempt, unavailable(error));
  }
  if ((attempt.failures >= 2 || isRejected(error)) && group.length > 1) attempt.putBack(group.splice(Math.ceil(group.length / 2)));
  await delay(Math.random() * Math.min(200, 4 * 2 ** attempt.failures));
}

async function load({ dapr, group, written }: Attempt, slot: Slot): Promise<Loaded> {
  const keys = new Set([...group.flatMap((pending) => [...pending.keys]), ...written, slot.key, slot.fence]);
  return { keys, stored: await dapr.read([...keys]) };
}

async function apply({ dapr, group, app, now }: Attempt, loaded: Loaded): Promise<Outcome> {
  for (;;) {
    const outcome = applyGroup(group, loaded, app, now());
    if (!(outcome instanceof Set)) return outcome;
    for (const [key, document] of await dapr.read([...outcome])) loaded.stored.set(key, document);
    for (const key of outcome) loaded.keys.add(key);
  }
}

/**
 * Returns whether the slot holds a transaction whose response was lost, of this group or of one
 * that was given up earlier. Publishes its events and resolves its changes.
 */
function isCommitted(attempt: Attempt, slot: Slot, stored: Loaded['stored']): boolean {
  const batch = unpublished(slot, stored);
  if (!batch) return false;
  attempt.outbox.publish(slot, batch);
  attempt.slot = undefined;
  conclude(attempt, attempt.tried.get(batch.batch));
  return true;
}

/** Reads the slot once more, before changes are reported as not saved. */
async function lookUp(attempt: Attempt): Promise<void> {
  const { dapr, slot, tried } = attempt;
  if (!slot || tried.size === 0) return;
  const stored = await dapr.read([slot.key]).catch(() => undefined);
  if (stored) isCommitted(attempt, slot, stored);
}

function conclude({ onCommit }: Attempt, outcome: Outcome | undefined): void {
  for (const event of outcome?.events ?? []) onCommit(event);
  outcome?.conclude();
}

/**
 * Rejects the group, and changes that were put back but may be committed: they must not be tried
 * again in another slot.
 */
function giveUp(attempt: Attempt, error: Error): void {
  const { group, slot, tried, outbox } = attempt;
  attempt.slot = undefined;
  if (slot && tried.size > 0) outbox.abandon(slot);
  else if (slot) outbox.release(slot);
  for (const pending of [...group, ...[...tried.values()].flatMap(({ members }) => members)]) reject(pending, error);
}

const isRejected = (error: unknown): error is DaprError => error instanceof DaprError && error.isRejected;

/** As far as stores tell: most mention the ETag in the error of a write that lost a race. */
const isConflict = (error: unknown) => error instanceof DaprError && /etag/i.test(error.body);
