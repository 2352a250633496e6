import { setTimeout as delay } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import type { Envelope } from '@sidecart/contracts/event';
import { batched } from './batched.js';
import { DaprError, type Dapr } from './dapr.js';
import { DomainError } from './errors.js';
import { applyGroup, type Loaded, type Outcome, type Pending } from './group.js';
import { committedEvents, storeRetries } from './metrics.js';
import { openOutbox, type Slot } from './outbox.js';
import { refuseUnlessAtomic } from './probe.js';
import type { Change, Docs, Key } from './state.js';
import { shared } from './trace.js';

export interface StoreOptions {
  dapr: Dapr;
  /** The service's name: the source of its events. */
  app: string;
  /** This replica's name: the same after a restart, another for each that runs at once. */
  replica: string;
  /** Changes in one transaction at the most; 1 turns group commit off. */
  groupSize?: number;
  /** A change that could not be committed for this long is refused as `unavailable`, in ms. */
  patienceMs?: number;
}

export interface Store {
  /**
   * Loads `keys`, runs `change` on them and commits what it writes together with its events, all or nothing. `change` must be pure: it runs
   * again after a conflict, or with more documents when it asks for one that was not loaded. What it throws rejects this call and nobody
   * else's. A document that was not read may only be created. One that is only read is not guarded: write it to guard it. Resolves after the
   * commit; the events follow at least once. Throws `unavailable` when the store or the outbox takes nothing more.
   */
  transact<R>(keys: readonly string[], change: (docs: Docs) => Change<R>): Promise<R>;
  /** The document as it is now; concurrent reads share one call. */
  read<T>(key: Key<T>): Promise<Readonly<T> | undefined>;
  /** Has `hear` called with each event once its change is committed, but for what a crash swallows: for counting. */
  onCommit(hear: (event: Envelope) => void): void;
  /** Commits what waits, publishes what was committed, and stops. */
  close(): Promise<void>;
}

const MAX_WAITING = 10_000;

/** Group commit over the sidecar's state store, with an outbox in the same transaction. Throws where the store is not atomic. */
export async function openStore({ dapr, app, replica, groupSize = 64, patienceMs = 10_000 }: StoreOptions): Promise<Store> {
  await refuseUnlessAtomic(dapr);
  const waiting: Pending[] = [];
  const hearers = [({ type }: Envelope) => committedEvents.add(1, { type })];
  let draining: Promise<void> | undefined;
  for (const reason of ['conflict', 'failure']) storeRetries.add(0, { reason }); // so that a first one is a rise

  function transact<R>(keys: readonly string[], change: (docs: Docs) => Change<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      if (waiting.length >= MAX_WAITING) return reject(unavailable('Too many changes are waiting.'));
      const run = (docs: Docs) => {
        const made = change(docs);
        return { ...made, result: () => resolve(made.result) };
      };
      waiting.push({ keys: new Set(keys), run, reject, at: context.active(), settled: false });
      draining ??= drain();
    });
  }

  async function drain(): Promise<void> {
    await Promise.resolve(); // changes of this same tick join the first group
    while (waiting.length > 0) {
      const group = waiting.splice(0, groupSize);
      await shared(
        'commit',
        group.map(({ at }) => at),
        () => commit(group),
      );
    }
    draining = undefined; // in the same turn as the last look at what waits
  }

  /** Answers every change of the group, or puts some back to wait when the group conflicts. */
  async function commit(group: Pending[]): Promise<void> {
    const end = Date.now() + patienceMs;
    const tried = new Map<string, Outcome>();
    const written = new Set<string>(); // loaded after a failure, to tell a conflict from a document that may not be created again
    let slot: Slot | undefined;
    for (let failures = 0; ;) {
      group = group.filter(({ settled }) => !settled);
      if (group.length === 0) break;
      try {
        slot ??= outbox.take();
        const loaded = await load(group, slot, written);
        const there = outbox.unpublished(slot, loaded.stored);
        if (there) {
          // A transaction whose answer never came did happen: one of this group, or one that was given up long ago.
          outbox.publish(slot, there);
          conclude(tried.get(there.batch));
          slot = undefined;
          continue;
        }
        const outcome = await apply(group, loaded);
        if (outcome.writes.length > 0) {
          tried.set(outcome.batch, outcome);
          for (const { key } of outcome.writes) written.add(key);
          const sealed = { batch: outcome.batch, order: Date.now(), events: outcome.events };
          await dapr.commit([...outcome.writes, outbox.seal(slot, sealed, loaded.stored)]);
          outbox.publish(slot, sealed);
          slot = undefined;
        }
        conclude(outcome);
      } catch (error) {
        failures++;
        storeRetries.add(1, { reason: isConflict(error) ? 'conflict' : 'failure' });
        const full = error instanceof DomainError;
        if (full || Date.now() > end) return giveUp(group, slot, full ? error : unavailable(String(error)));
        if (failures >= 2 && group.length > 1) waiting.unshift(...group.splice(Math.ceil(group.length / 2)));
        await delay(Math.random() * Math.min(200, 4 * 2 ** failures));
      }
    }
    if (slot) outbox.release(slot);
  }

  function conclude(outcome: Outcome | undefined): void {
    for (const event of outcome?.events ?? []) for (const hear of hearers) hear(event);
    outcome?.settle();
  }

  function giveUp(group: Pending[], slot: Slot | undefined, error: DomainError): void {
    if (slot) outbox.abandon(slot);
    for (const pending of group) pending.reject(error);
  }

  async function load(group: Pending[], slot: Slot, written: Set<string>): Promise<Loaded> {
    const asked = new Set([...group.flatMap(({ keys }) => [...keys]), ...written, slot.key]);
    return { asked, stored: await dapr.read([...asked]) };
  }

  async function apply(group: Pending[], loaded: Loaded): Promise<Outcome> {
    for (;;) {
      const outcome = applyGroup(group, loaded, app);
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

  const outbox = openOutbox({ dapr, replica, transact });
  await outbox.joined;
  return {
    transact,
    read: <T>(key: Key<T>) => readOne(key) as Promise<Readonly<T> | undefined>,
    onCommit: (hear) => void hearers.push(hear),
    async close() {
      await draining;
      await outbox.close();
    },
  };
}

/** As far as stores tell: most answer a lost race with words about the ETag. */
const isConflict = (error: unknown) => error instanceof DaprError && /etag/i.test(error.body);

const unavailable = (detail: string) => new DomainError('unavailable', 'store-unavailable', detail, { retryAfter: 1 });
