import { randomUUID } from 'node:crypto';
import type { Context } from '@opentelemetry/api';
import type { Envelope, NewEvent } from '@sidecart/contracts/event';
import type { StateWrite } from '../../dapr/dapr.js';
import { DomainError } from '../../http/errors.js';
import { traceparent } from '../../telemetry/trace.js';
import type { Change, Docs } from '../state.js';
import { createStaging, NotLoaded, type Loaded } from './staging.js';

/** A change that waits for its commit. `run` returns what to call once it is committed. */
export interface Pending {
  keys: Set<string>;
  run(docs: Docs, now: Date): Change<() => void>;
  reject(error: unknown): void;
  /** The trace that the change and its events belong to. */
  context: Context;
  /** When its caller stops waiting, by `performance.now()`. */
  expiresAt: number;
  /** Whether its promise is resolved or rejected. */
  isDone: boolean;
}

/** The effect of committing a group. */
export interface Outcome {
  batch: string;
  writes: StateWrite[];
  events: Envelope[];
  /** The changes whose promises `conclude` resolves or rejects. */
  members: readonly Pending[];
  /**
   * Call after the commit, for rejections too, because they may depend on what the group writes.
   */
  conclude(): void;
}

/**
 * A group takes no further change above this size, to stay below the sidecar's 4 MiB. No single
 * change may be larger.
 */
const MAX_BYTES = 1024 * 1024;
const MAX_EVENT_BYTES = 512 * 1024;

/**
 * Applies changes one after another to the same documents in memory. Returns the outcome, or the
 * keys that must be loaded first.
 */
export function applyGroup(group: readonly Pending[], loaded: Loaded, source: string, now: Date): Outcome | Set<string> {
  const staging = createStaging(loaded);
  const events: Envelope[] = [];
  const conclusions: [Pending, () => void][] = [];
  const missing = new Set<string>();
  let bytes = 0;

  function apply(pending: Pending): () => void {
    const { write = [], events: made = [], result } = pending.run(staging.docs(pending.keys), now);
    staging.check(pending.keys, write);
    bytes += sizeOf({ write, events: made });
    staging.stage(write);
    events.push(...made.map((each) => envelope(each, source, now, traceparent(pending.context))));
    return result;
  }

  for (const pending of group) {
    if (bytes > MAX_BYTES) break;
    try {
      conclusions.push([pending, apply(pending)]);
    } catch (error) {
      if (error instanceof NotLoaded) for (const key of error.keys) missing.add(key);
      else conclusions.push([pending, () => pending.reject(error)]);
    }
  }
  if (missing.size > 0) return missing;

  return {
    batch: randomUUID(),
    writes: staging.writes(),
    events,
    members: conclusions.map(([pending]) => pending),
    conclude() {
      for (const [pending, conclude] of conclusions) {
        if (pending.isDone) continue;
        pending.isDone = true;
        conclude();
      }
    },
  };
}

/** Rejects a change, unless its promise is resolved or rejected already. */
export function reject(pending: Pending, error: Error): void {
  if (pending.isDone) return;
  pending.isDone = true;
  pending.reject(error);
}

/** Returns the size of a change in bytes. Throws `too-large`. */
function sizeOf({ write = [], events = [] }: Omit<Change<unknown>, 'result'>): number {
  const eventSizes = events.map(({ data }) => jsonBytes(data));
  const sizes = [...write.map(({ value }) => jsonBytes(value)), ...eventSizes];
  const total = sizes.reduce((sum, each) => sum + each, 0);
  if (total <= MAX_BYTES && eventSizes.every((each) => each <= MAX_EVENT_BYTES)) return total;
  throw new DomainError('too-large', 'too-large', 'This is too much for one change.');
}

const jsonBytes = (value: unknown) => (value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value)));

function envelope(event: NewEvent, source: string, now: Date, traceparent: string | undefined): Envelope {
  const attributes = {
    specversion: '1.0',
    id: randomUUID(),
    source,
    time: now.toISOString(),
    datacontenttype: 'application/json',
  } as const;
  // Dapr keeps the traceparent of an event only if the event has a `traceid` too.
  return { ...attributes, ...event, ...(traceparent === undefined ? {} : { traceparent, traceid: traceparent }) };
}
