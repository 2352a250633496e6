import { setTimeout as delay } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import type { Envelope } from '@sidecart/contracts/event';
import { batched } from '../dapr/batched.js';
import { DaprError, type Dapr } from '../dapr/dapr.js';
import { DomainError } from '../http/errors.js';
import { applyGroup, type Loaded, type Outcome, type Pending } from './internal/group.js';
import type { LaneOptions } from './internal/lanes.js';
import { committedEvents, storeRetries } from '../telemetry/metrics.js';
import { Fenced, openOutbox, type Slot } from './internal/outbox.js';
import { refuseUnlessAtomic } from './internal/probe.js';
import { checkKeys, type Change, type Docs, type Key } from './state.js';
import { shared } from '../telemetry/trace.js';

export interface StoreOptions extends Pick<LaneOptions, 'beatMs' | 'silentMs'> {
  dapr: Dapr;
  /** The service's name: the source of its events. */
  app: string;
  /** This replica's name: the same after a restart, different for each that runs at once. */
  replica: string;
  /** At most this many changes share a transaction; 1 turns group commit off. */
  groupSize?: number;
  /** A change that could not be committed for this long is refused as `unavailable`, in ms. */
  patienceMs?: number;
  /** The clock that changes see. */
  now?: () => Date;
}

export interface Store {
  /**
   * Loads `keys`, runs `change` on them and commits what it writes together with its events, all or nothing. `change` gets the
   * time, and must be pure: it runs again after a conflict, or with more documents if it asks for one that was not loaded. What it throws rejects
   * this call and no other. A document that was not read may only be created. One that is only read is not guarded: write it to
   * guard it. Resolves after the commit; the events follow at least once. Throws `unavailable` if the store or the outbox takes
   * nothing more, or the service is stopping. Rarely, a change refused like that happens later: the database's answer was lost.
   */
  transact<R>(keys: readonly string[], change: (docs: Docs, now: Date) => Change<R>): Promise<R>;
  /** Returns the document as it is now; concurrent reads share one call. */
  read<T>(key: Key<T>): Promise<Readonly<T> | undefined>;
  /** Has `hear` called with each event once its change is committed, except those that a crash swallows: for counting. */
  onCommit(hear: (event: Envelope) => void): void;
  /** Refuses further changes, commits those that wait, publishes their events, and stops. Ends after about 20 seconds at most. */
  close(): Promise<void>;
}

const MAX_WAITING = 10_000;
const CLOSING_MS = 10_000;

/** Group commit over the sidecar's state store, with an outbox in the same transaction. Throws if the store is not atomic. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dapr, app, groupSize = 64, patienceMs = 10_000, now = () => new Date() } = options;
  await refuseUnlessAtomic(dapr);
  const waiting: Pending[] = [];
  const hearers = [({ type }: Envelope) => committedEvents.add(1, { type })];
  let draining: Promise<void> | undefined;
  /** No change is tried after this, by `performance.now()`. */
  let closingAt: number | undefined;
  for (const reason of ['conflict', 'failure']) storeRetries.add(0, { reason }); // an alert sees the first increment only after a 0

  function transact<R>(keys: readonly string[], change: (docs: Docs, now: Date) => Change<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      checkKeys(keys);
      if (closingAt !== undefined) return reject(stopping());
      if (waiting.length >= MAX_WAITING) return reject(unavailable('too many changes are waiting'));
      const run = (docs: Docs, at: Date) => {
        const made = change(docs, at);
        return { ...made, result: () => resolve(made.result) };
      };
      const expiresAt = performance.now() + patienceMs;
      waiting.push({ keys: new Set(keys), run, reject, at: context.active(), expiresAt, isDone: false });
      draining ??= drain();
    });
  }

  async function drain(): Promise<void> {
    await Promise.resolve(); // changes of this same tick join the first group
    while (waiting.length > 0) {
      const group = waiting.splice(0, groupSize).filter(isFresh);
      if (group.length === 0) continue;
      await shared(
        'commit',
        group.map(({ at }) => at),
        () => commit(group),
      );
    }
    draining = undefined; // in the same turn as the last look at what waits
  }

  /** Refuses a change whose caller has waited too long, so that a backlog is not worked off for nobody. */
  function isFresh(pending: Pending): boolean {
    if (pending.isDone) return false;
    if (performance.now() < Math.min(pending.expiresAt, closingAt ?? Number.POSITIVE_INFINITY)) return true;
    refuse(pending, unavailable('the change waited too long'));
    return false;
  }

  /** Settles every change of the group, or puts some back to wait if the group conflicts. */
  async function commit(group: Pending[]): Promise<void> {
    const end = performance.now() + patienceMs;
    const tried = new Map<string, Outcome>();
    const written = new Set<string>(); // loaded after a failure, to tell a conflict from a document that may not be created again
    let slot: Slot | undefined;
    let batch = '';
    for (let failures = 0; ;) {
      group = group.filter(({ isDone }) => !isDone);
      if (group.length === 0) break;
      try {
        slot ??= await outbox.take();
        const loaded = await load(group, slot, written);
        if (foundCommitted(slot, loaded.stored, tried)) {
          slot = undefined;
          continue;
        }
        const outcome = await apply(group, loaded);
        if (outcome.writes.length > 0) {
          const sealed = { batch: outcome.batch, order: Date.now(), events: outcome.events };
          const seal = outbox.seal(slot, sealed, loaded.stored);
          batch = outcome.batch;
          tried.set(batch, outcome);
          for (const { key } of outcome.writes) written.add(key);
          await dapr.commit([...outcome.writes, ...seal]);
          outbox.publish(slot, sealed);
          slot = undefined;
        }
        conclude(outcome);
      } catch (error) {
        failures++;
        storeRetries.add(1, { reason: isConflict(error) ? 'conflict' : 'failure' });
        if (error instanceof Fenced && slot) {
          void outbox.rejoin(slot.lane);
          // What was tried in the old lane may have happened: nothing tells any more.
          if (tried.size > 0) return giveUp(group, undefined, tried, unavailable(error));
          slot = undefined;
          continue;
        }
        if (error instanceof DomainError) return giveUp(group, slot, tried, error);
        if (isRejected(error)) tried.delete(batch); // this one certainly did not happen
        if (isRejected(error) && group.length === 1) return giveUp(group, slot, tried, error);
        if (performance.now() > Math.min(end, closingAt ?? end)) {
          if (slot && (await happenedAfterAll(slot, tried))) slot = undefined;
          return giveUp(group, slot, tried, unavailable(error));
        }
        if ((failures >= 2 || isRejected(error)) && group.length > 1) waiting.unshift(...group.splice(Math.ceil(group.length / 2)));
        await delay(Math.random() * Math.min(200, 4 * 2 ** failures));
      }
    }
    if (slot) outbox.release(slot);
  }

  /** A transaction whose answer never came did happen: one of this group, or one that was given up long ago. */
  function foundCommitted(slot: Slot, stored: Loaded['stored'], tried: ReadonlyMap<string, Outcome>): boolean {
    const there = outbox.unpublished(slot, stored);
    if (!there) return false;
    outbox.publish(slot, there);
    conclude(tried.get(there.batch));
    return true;
  }

  /** Reads the slot once more, before its changes are reported as not saved. */
  async function happenedAfterAll(slot: Slot, tried: ReadonlyMap<string, Outcome>): Promise<boolean> {
    if (tried.size === 0) return false;
    const stored = await dapr.read([slot.key]).catch(() => undefined);
    return stored !== undefined && foundCommitted(slot, stored, tried);
  }

  function conclude(outcome: Outcome | undefined): void {
    for (const event of outcome?.events ?? []) for (const hear of hearers) hear(event);
    outcome?.conclude();
  }

  /** Refuses the group, and whatever was put back to wait and may have happened: it must not be tried in another slot. */
  function giveUp(group: Pending[], slot: Slot | undefined, tried: ReadonlyMap<string, Outcome>, error: Error): void {
    if (slot && tried.size > 0) outbox.abandon(slot);
    else if (slot) outbox.release(slot);
    for (const pending of [...group, ...[...tried.values()].flatMap(({ members }) => members)]) refuse(pending, error);
  }

  function refuse(pending: Pending, error: Error): void {
    if (pending.isDone) return;
    pending.isDone = true;
    pending.reject(error);
  }

  async function load(group: Pending[], slot: Slot, written: Set<string>): Promise<Loaded> {
    const asked = new Set([...group.flatMap(({ keys }) => [...keys]), ...written, slot.key, slot.fence]);
    return { asked, stored: await dapr.read([...asked]) };
  }

  async function apply(group: Pending[], loaded: Loaded): Promise<Outcome> {
    for (;;) {
      const outcome = applyGroup(group, loaded, app, now());
      if (!(outcome instanceof Set)) return outcome;
      for (const [key, document] of await dapr.read([...outcome])) loaded.stored.set(key, document);
      for (const key of outcome) loaded.asked.add(key);
    }
  }

  const readOne = batched(
    async (keys: string[]) => {
      const stored = await dapr.read([...new Set(keys)]);
      return keys.map((key) => stored.get(key)?.value);
    },
    { name: 'read' },
  );

  const outbox = openOutbox(options);
  await outbox.joined();
  return {
    transact,
    read: <T>(key: Key<T>) => readOne(key) as Promise<Readonly<T> | undefined>,
    onCommit: (hear) => void hearers.push(hear),
    async close() {
      closingAt ??= performance.now() + CLOSING_MS;
      await draining;
      await outbox.close(CLOSING_MS);
    },
  };
}

const isRejected = (error: unknown): error is DaprError => error instanceof DaprError && error.isRejected;

/** As far as stores tell: most answer a lost race with words about the ETag. */
const isConflict = (error: unknown) => error instanceof DaprError && /etag/i.test(error.body);

const unavailable = (cause: unknown) =>
  new DomainError('unavailable', 'store-unavailable', 'This cannot be saved at the moment. Try again.', { retryAfter: 1 }, { cause });

const stopping = () => new DomainError('unavailable', 'stopping', 'This replica is stopping. Try again.', { retryAfter: 1 });
