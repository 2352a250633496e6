import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ObservableResult } from '@opentelemetry/api';
import type { Envelope } from '@sidecart/contracts/event';
import type { StateWrite } from '../../dapr/dapr.js';
import { DomainError } from '../../http/errors.js';
import type { Loaded } from './group.js';
import { createLanes, fenceKey, type LaneOptions } from './lanes.js';
import { outboxAge, outboxSlots } from '../../telemetry/metrics.js';
import { SLOTS, slotKey, type Sealed } from './slots.js';
import type { Key } from '../state.js';
import { contextOf, shared } from '../../telemetry/trace.js';

/** One place in this replica's lane. */
export interface Slot {
  readonly lane: string;
  readonly key: Key<Sealed>;
  readonly fence: Key<unknown>;
  busy: boolean;
  /** The batch stored there, already handed to `publish`; '?' if a transaction that was given up may still happen. */
  batch: string | undefined;
  /** When it was handed to `publish`, by `performance.now()`, until the broker has it. */
  since: number | undefined;
}

/** Another replica took this one for dead and published what its lane held. The lane commits nothing more. */
export class Fenced extends Error {}

const SWEEP_MS = 1_000;
/** The rest stays free to be taken meanwhile. */
const SWEPT_AT_ONCE = 128;
const EVENTS_PER_CALL = 100;

export type Outbox = ReturnType<typeof openOutbox>;

/** The events that are committed and not yet published, kept in the slots of this replica's lane. */
export function openOutbox(options: LaneOptions) {
  const { dapr } = options;
  let slots: Slot[] = [];
  let lane = '';
  const waiting: { slot: Slot; events: Envelope[] }[] = [];
  const lanes = createLanes({ ...options, onFenced: (fenced) => void rejoin(fenced) });
  let joined = join();
  let publishing: Promise<void> | undefined;
  let quiet = false;
  /** Whether no transaction of the lane can happen any more. */
  let closed = false;
  /** Aborted when closing has taken too long: nothing more is published. */
  const patience = new AbortController();
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

  async function join(): Promise<void> {
    lane = await lanes.join();
    slots = Array.from({ length: SLOTS }, (_, n): Slot => {
      return { lane, key: slotKey(lane, n), fence: fenceKey(lane), busy: false, batch: undefined, since: undefined };
    });
  }

  /** Goes on in a new lane. What waits to be published from the old one still is, perhaps a second time. */
  function rejoin(fenced: string): Promise<void> {
    if (fenced === lane) {
      lane = '';
      joined = join();
      joined.catch(() => undefined); // the next commit throws it, and tries again
    }
    return joined;
  }

  /** Returns the lowest free slot. Throws `unavailable` if none is left: the broker has been away for 1,024 transactions. */
  async function take(): Promise<Slot> {
    await joined.catch(() => (joined = join()));
    quiet = false;
    const slot = slots.find(({ busy }) => !busy);
    if (!slot) throw new DomainError('unavailable', 'outbox-full', 'Events cannot be published at the moment.', { retryAfter: 5 });
    slot.busy = true;
    return slot;
  }

  /** Returns what was loaded from the slot, if it is a batch that was not handed to `publish` yet. */
  function unpublished(slot: Slot, stored: Loaded['stored']): Sealed | undefined {
    const there = stored.get(slot.key)?.value as Sealed | undefined;
    return there && there.batch !== slot.batch ? there : undefined;
  }

  /**
   * Returns the writes that seal the slot. They need the ETags that were loaded, so that of all attempts on this slot only one
   * is committed, and none after another replica has closed the lane. Throws `Fenced` if it has.
   */
  function seal(slot: Slot, value: Sealed, stored: Loaded['stored']): StateWrite[] {
    const fence = stored.get(slot.fence);
    if (!fence) throw new Fenced(`The lane ${slot.lane} was taken over.`);
    return [
      { key: slot.key, value, etag: stored.get(slot.key)?.etag, ttlSeconds: undefined },
      { key: slot.fence, value: {}, etag: fence.etag, ttlSeconds: undefined },
    ];
  }

  /** Publishes what a committed slot holds, and frees the slot once the broker has it. */
  function publish(slot: Slot, { batch, events }: Sealed): void {
    slot.batch = batch;
    slot.since = performance.now();
    waiting.push({ slot, events });
    publishing ??= pump();
  }

  async function pump(): Promise<void> {
    for (let failures = 0; waiting.length > 0 && !patience.signal.aborted;) {
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
    const { failed } = await shared(
      'publish',
      events.map(({ traceparent }) => contextOf(traceparent)),
      () => dapr.publish(events),
    );
    return failed;
  }

  /** Deletes some of what is published, so that the next start has nothing to publish again. Returns how many slots it looked at. */
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
      for (const slot of free) if (slot.batch !== '?' || closed) slot.batch = undefined;
      return used.length;
    } finally {
      for (const slot of free) slot.busy = false;
    }
  }

  /** Publishes and deletes what is left, for about `patienceMs`. What is left then, another replica publishes. */
  async function close(patienceMs: number): Promise<void> {
    clearInterval(sweeper);
    outboxAge.removeCallback(observeAge);
    outboxSlots.removeCallback(observeSlots);
    await lanes.stop();
    const timer = setTimeout(() => patience.abort(), patienceMs);
    const over = once(patience.signal, 'abort');
    await Promise.race([tidyUp(), over]).catch(() => undefined); // another replica does it
    clearTimeout(timer);
    patience.abort();
  }

  async function tidyUp(): Promise<void> {
    await publishing;
    // Transactions that were given up can no longer happen; those that did are found by the sweep.
    closed = await lanes.close();
    while ((await sweep()) > 0) await publishing;
    // If the patience ended first, something is left. The lane stays registered, and another replica takes it over.
    if (!patience.signal.aborted) await lanes.leave();
  }

  return {
    /** Resolves when this replica is registered and what its earlier lives left behind is published. */
    joined: () => joined,
    take,
    rejoin,
    unpublished,
    seal,
    publish,
    /** The slot was not used. */
    release(slot: Slot): void {
      slot.busy = false;
    },
    /** The slot's transaction was given up, and may still happen. */
    abandon(slot: Slot): void {
      slot.busy = false;
      slot.batch = '?';
    },
    close,
  };
}
