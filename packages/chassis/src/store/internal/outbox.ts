import { once } from 'node:events';
import type { ObservableResult } from '@opentelemetry/api';
import { DomainError } from '../../http/errors.js';
import { outboxAge, outboxSlots } from '../../telemetry/metrics.js';
import { joinLane } from './lane.js';
import type { LaneOptions } from './lanes.js';
import { createPublisher } from './publisher.js';
import type { Batch, Slot } from './slots.js';
import { sweep } from './sweep.js';

const SWEEP_MS = 1_000;

export type Outbox = ReturnType<typeof openOutbox>;

/**
 * Opens the outbox: the events that are committed and not yet published, in the slots of this
 * replica's lane.
 */
export function openOutbox(options: LaneOptions) {
  const { dapr } = options;
  let isIdle = false;
  let isClosed = false;
  const closing = new AbortController();
  const lane = joinLane(options);
  const publisher = createPublisher(dapr, closing.signal);
  const stopObserving = observe(lane.slots);
  const sweeper = setInterval(() => {
    if (isIdle) void sweepNow().catch(() => undefined); // the next sweep tries again
    isIdle = true;
  }, SWEEP_MS);

  async function take(): Promise<Slot> {
    await lane.ensureJoined();
    isIdle = false;
    return takeFree(lane.slots());
  }

  /** Publishes the committed batch of a slot, then frees the slot. */
  function publish(slot: Slot, { batch, events }: Batch): void {
    slot.batch = batch;
    slot.since = performance.now();
    publisher.add(events, () => Object.assign(slot, { busy: false, since: undefined }));
  }

  const sweepNow = () => sweep({ dapr, slots: lane.slots(), publish, isClosed });

  /** Publishes and deletes what is left. Other replicas publish the rest after about `patienceMs`. */
  async function close(patienceMs: number): Promise<void> {
    clearInterval(sweeper);
    stopObserving();
    await lane.stop();
    const timer = setTimeout(() => closing.abort(), patienceMs);
    await Promise.race([empty(), once(closing.signal, 'abort')]).catch(() => undefined);
    clearTimeout(timer);
    closing.abort();
  }

  async function empty(): Promise<void> {
    await publisher.idle();
    // Abandoned transactions can no longer commit. The sweep finds those that have.
    isClosed = await lane.close();
    while ((await sweepNow()) > 0) await publisher.idle();
    // After a timeout something may be left: the lane stays registered, for another replica.
    if (!closing.signal.aborted) await lane.leave();
  }

  return {
    joined: lane.joined,
    rejoin: lane.rejoin,
    take,
    publish,
    /** Frees a slot that was not used. */
    release: (slot: Slot): void => void (slot.busy = false),
    /** Frees a slot whose transaction was abandoned but may still commit. */
    abandon: (slot: Slot): void => void Object.assign(slot, { busy: false, batch: '?' }),
    close,
  };
}

/** Takes the first free slot. Throws `unavailable` if 1,024 transactions wait for the broker. */
function takeFree(slots: readonly Slot[]): Slot {
  const slot = slots.find(({ busy }) => !busy);
  if (!slot) throw new DomainError('unavailable', 'outbox-full', 'Events cannot be published at the moment.', { retryAfter: 5 });
  slot.busy = true;
  return slot;
}

/** Reports the age of the oldest batch and the slots in use. Returns a function that stops it. */
function observe(slots: () => Slot[]): () => void {
  const age = (gauge: ObservableResult) => {
    const now = performance.now();
    gauge.observe(Math.max(0, ...slots().map(({ since = now }) => (now - since) / 1_000)));
  };
  const used = (gauge: ObservableResult) => gauge.observe(slots().filter(({ busy }) => busy).length);
  outboxAge.addCallback(age);
  outboxSlots.addCallback(used);
  return () => {
    outboxAge.removeCallback(age);
    outboxSlots.removeCallback(used);
  };
}
