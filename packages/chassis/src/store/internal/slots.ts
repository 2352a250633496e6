import type { Envelope } from '@sidecart/contracts/event';
import { key, type Key } from '../state.js';

/** The events of one transaction, written with it and kept until they are published. */
export interface Batch {
  batch: string;
  /** When, in ms since the Unix epoch: a lane's batches are recovered in this order. */
  order: number;
  events: Envelope[];
}

/** The slots of a lane: this many transactions may be committed and not yet published. */
export const SLOTS = 1_024;

export const slotKey = (lane: string, slot: number): Key<Batch> => key('outbox', lane, slot);

/**
 * Exists while a lane may commit. Every commit of the lane rewrites it, so none succeeds once it is
 * removed.
 */
export const fenceKey = (lane: string): Key<Record<string, never>> => key('outbox', lane, 'fence');

/** One place in this replica's lane. */
export interface Slot {
  readonly lane: string;
  readonly key: Key<Batch>;
  readonly fence: Key<unknown>;
  busy: boolean;
  /**
   * The id of the stored batch, which `publish` has received, or '?' if an abandoned transaction
   * may still commit.
   */
  batch: string | undefined;
  /** When `publish` received the batch, by `performance.now()`, until the broker has it. */
  since: number | undefined;
}

export const slotsOf = (lane: string): Slot[] =>
  Array.from({ length: SLOTS }, (_, n) => ({
    lane,
    key: slotKey(lane, n),
    fence: fenceKey(lane),
    busy: false,
    batch: undefined,
    since: undefined,
  }));
