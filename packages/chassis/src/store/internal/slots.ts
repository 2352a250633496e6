import type { Envelope } from '@sidecart/contracts/event';
import { key, type Key } from '../state.js';

/** The events of one transaction, written with it and kept until they are published. */
export interface Sealed {
  batch: string;
  /** When, in ms since 1970: the order in which a lane is recovered. */
  order: number;
  events: Envelope[];
}

/** Each replica's lane has this many: so many transactions may be committed and not yet published. */
export const SLOTS = 1_024;

export const slotKey = (lane: string, slot: number): Key<Sealed> => key('outbox', lane, slot);
