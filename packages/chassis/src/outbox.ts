import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ObservableResult } from '@opentelemetry/api';
import type { Envelope } from '@sidecart/contracts/event';
import type { StateWrite } from './dapr.js';
import { DomainError } from './errors.js';
import type { Loaded } from './group.js';
import { keepLane, type LaneOptions } from './lanes.js';
import { outboxAge, outboxSlots } from './metrics.js';
import { SLOTS, slotKey, type Sealed } from './slots.js';
import type { Key } from './state.js';
import { contextOf, shared } from './trace.js';

/** One place in this replica's lane. */
export interface Slot {
  readonly key: Key<Sealed>;
  busy: boolean;
  /** The batch that stands there, already given to `publish`; '?' where a given-up transaction may still come. */
  batch: string | undefined;
  /** When it was given to `publish`, by `performance.now()`, until the broker has it. */
  since: number | undefined;
}

const SWEEP_MS = 1_000;
/** The rest stays free to be taken meanwhile. */
const SWEPT_AT_ONCE = 128;
const EVENTS_PER_CALL = 100;

/** The events that are committed and not yet published, kept in the slots of this replica's lane. */
export function openOutbox({ replica, ...options }: Omit<LaneOptions, 'lane'> & { replica: string }) {
  const lane = `${replica}.${randomUUID().slice(0, 8)}`;
  const slots = Array.from({ length: SLOTS }, (_, n): Slot => ({ key: slotKey(lane, n), busy: false, batch: undefined, since: undefined }));
  const waiting: { slot: Slot; events: Envelope[] }[] = [];
  const { dapr } = options;
  const membership = keepLane({ ...options, lane });
  let publishing: Promise<void> | undefined;
  let quiet = false;
  const sweeper = setInterval(() => {
    if (quiet) void sweep().catch(() => undefined); // tried again in a second
    quiet = true;
  }, SWEEP_MS);

  const observeAge = (gauge: ObservableResult) => {
    const now = performance.now();
    gauge.observe(Math.max(0, ...slots.map(({ since = now }) => (now - since) / 1_000)));
  };
  const observeSlots = (gauge: ObservableResult) => gauge.observe(slots.filter(({ busy }) => busy).length);
  outboxAge.addCallback(observeAge);
  outboxSlots.addCallback(observeSlots);

  /** The lowest free slot. Throws `unavailable` with none left: the broker has been away for 1,024 transactions. */
  function take(): Slot {
    quiet = false;
    const slot = slots.find(({ busy }) => !busy);
    if (!slot) throw new DomainError('unavailable', 'outbox-full', 'Events cannot be published at the moment.', { retryAfter: 5 });
    slot.busy = true;
    return slot;
  }

  /** What was loaded from the slot, if it is a batch that was not given to `publish` yet. */
  function unpublished(slot: Slot, stored: Loaded['stored']): Sealed | undefined {
    const there = stored.get(slot.key)?.value as Sealed | undefined;
    return there && there.batch !== slot.batch ? there : undefined;
  }

  /** The write that seals the slot. It needs the ETag that was loaded, so that of all attempts on this slot only one is committed. */
  function seal(slot: Slot, value: Sealed, stored: Loaded['stored']): StateWrite {
    return { key: slot.key, value, etag: stored.get(slot.key)?.etag, ttlSeconds: undefined };
  }

  /** Publishes what a committed slot holds, and frees the slot once the broker has it. */
  function publish(slot: Slot, { batch, events }: Sealed): void {
    slot.batch = batch;
    slot.since = performance.now();
    waiting.push({ slot, events });
    publishing ??= pump();
  }

  async function pump(): Promise<void> {
    for (let failures = 0; waiting.length > 0;) {
      const group = [];
      for (let events = 0; waiting[0] && events < EVENTS_PER_CALL; events += group.at(-1)?.events.length ?? 0)
        group.push(...waiting.splice(0, 1));
      const failed = await send(group.flatMap(({ events }) => events));
      for (const entry of group) {
        entry.events = entry.events.filter(({ id }) => failed.has(id));
        if (entry.events.length > 0) waiting.push(entry);
        else Object.assign(entry.slot, { busy: false, since: undefined });
      }
      failures = failed.size > 0 ? failures + 1 : 0;
      if (failures > 0) await delay(Math.min(1_000, 10 * 2 ** failures));
    }
    publishing = undefined; // in the same turn as the last look at what waits
  }

  async function send(events: Envelope[]): Promise<Set<string>> {
    if (events.length === 0) return new Set();
    return shared(
      'publish',
      events.map(({ traceparent }) => contextOf(traceparent)),
      () => dapr.publish(events),
    );
  }

  /** Deletes some of what is published, so that the next start has nothing to publish again. Answers how much. */
  async function sweep(): Promise<number> {
    const used = slots.filter(({ busy, batch }) => !busy && batch !== undefined).slice(-SWEPT_AT_ONCE);
    if (used.length === 0) return 0;
    for (const slot of used) slot.busy = true;
    const free = new Set(used);
    try {
      const stored = await dapr.read(used.map((slot) => slot.key));
      for (const slot of used) {
        const late = unpublished(slot, stored);
        if (late && free.delete(slot)) publish(slot, late);
      }
      const removals = [...free].flatMap((slot) => {
        const etag = stored.get(slot.key)?.etag;
        return etag === undefined ? [] : [{ key: slot.key, etag, removed: true as const }];
      });
      if (removals.length > 0) await dapr.commit(removals);
      for (const slot of free) if (slot.batch !== '?') slot.batch = undefined;
      return removals.length;
    } finally {
      for (const slot of free) slot.busy = false;
    }
  }

  return {
    take,
    unpublished,
    seal,
    publish,
    /** The slot was not used. */
    release(slot: Slot): void {
      slot.busy = false;
    },
    /** The slot's transaction was given up, and may happen yet. */
    abandon(slot: Slot): void {
      slot.busy = false;
      slot.batch = '?';
    },
    /** Resolves when this replica is registered and what an earlier life of it left behind is on its way. */
    joined: membership.joined,
    /** Publishes and deletes what is left, for `patienceMs` at the most; then the others do. */
    async close(patienceMs = 5_000): Promise<void> {
      clearInterval(sweeper);
      outboxAge.removeCallback(observeAge);
      outboxSlots.removeCallback(observeSlots);
      membership.stop();
      const published = await Promise.race([Promise.resolve(publishing).then(() => true), delay(patienceMs, false, { ref: false })]);
      if (!published) return;
      await membership.leave();
      await publishing;
      while ((await sweep().catch(() => 0)) > 0); // what stays is published already
    },
  };
}
