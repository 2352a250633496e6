import { randomUUID } from 'node:crypto';
import type { Context } from '@opentelemetry/api';
import type { Envelope } from '@sidecart/contracts/event';
import type { StateWrite, Stored } from '../../dapr/dapr.js';
import { DomainError } from '../../http/errors.js';
import { checkKeys, type Change, type Docs, type Write } from '../state.js';
import { traceparent } from '../../telemetry/trace.js';

/** A change that waits for its commit. `run` returns what to call once it is committed. */
export interface Pending {
  keys: Set<string>;
  run(docs: Docs, now: Date): Change<() => void>;
  reject(error: unknown): void;
  /** The trace that it belongs to, and its events with it. */
  at: Context;
  /** When its caller stops waiting, by `performance.now()`. */
  expiresAt: number;
  /** Whether its caller has an answer. */
  isDone: boolean;
}

/** What is known of the store: the documents that exist among the keys that were asked for. */
export interface Loaded {
  asked: Set<string>;
  stored: Map<string, Stored>;
}

/** What committing a group would do. */
export interface Outcome {
  batch: string;
  writes: StateWrite[];
  events: Envelope[];
  /** The changes that it settles. */
  members: readonly Pending[];
  /** Settles their promises, refusals too, because a refusal may depend on what the group writes. */
  conclude(): void;
}

/** A transaction is closed to further changes above this, so that it stays below the sidecar's 4 MiB; no single change may be larger. */
const MAX_BYTES = 1024 * 1024;
const MAX_EVENT_BYTES = 512 * 1024;

class NotLoaded extends Error {
  constructor(readonly keys: readonly string[]) {
    super(`not loaded: ${keys.join(' ')}`);
  }
}

/** Applies the changes one after another to the same documents in memory. Returns the keys that must be loaded first, if any. */
export function applyGroup(group: readonly Pending[], { asked, stored }: Loaded, source: string, now: Date): Outcome | Set<string> {
  const staged = new Map<string, Write>();
  const events: Envelope[] = [];
  const answers: [Pending, () => void][] = [];
  const missing = new Set<string>();
  const time = now.toISOString();
  let bytes = 0;

  function load(pending: Pending, keys: readonly string[]): void {
    checkKeys(keys);
    for (const key of keys) pending.keys.add(key);
    const unknown = keys.filter((key) => !asked.has(key) && !staged.has(key));
    if (unknown.length > 0) throw new NotLoaded(unknown);
  }

  function docsFor(pending: Pending): Docs {
    const value = (key: string) => (staged.has(key) ? staged.get(key)?.value : stored.get(key)?.value);
    const all = (keys: readonly string[]) => {
      load(pending, keys);
      return keys.map(value);
    };
    // The one place where a stored document gets its type: see Key.
    return { get: (key) => all([key])[0], all } as Docs;
  }

  function stage(pending: Pending): () => void {
    const { write = [], events: made = [], result } = pending.run(docsFor(pending), now);
    const removed = write.filter(({ value }) => value === undefined).map(({ key }) => key);
    load(pending, removed); // for the ETag that a removal needs
    for (const { key } of write) {
      const blind = !pending.keys.has(key) && (stored.has(key) || staged.has(key));
      if (blind) throw new Error(`${key} exists and was not loaded`);
    }
    const size = write.reduce((sum, { value }) => sum + jsonBytes(value), 0);
    const sizes = made.map(({ data }) => jsonBytes(data));
    const total = sizes.reduce((sum, each) => sum + each, size);
    if (total > MAX_BYTES || sizes.some((each) => each > MAX_EVENT_BYTES))
      throw new DomainError('too-large', 'too-large', 'This is too much for one change.');
    bytes += total;
    for (const each of write) staged.set(each.key, each);
    for (const each of made) events.push(envelope(each, source, time, traceparent(pending.at)));
    return result;
  }

  for (const pending of group) {
    if (bytes > MAX_BYTES) break;
    try {
      answers.push([pending, stage(pending)]);
    } catch (error) {
      if (error instanceof NotLoaded) for (const key of error.keys) missing.add(key);
      else answers.push([pending, () => pending.reject(error)]);
    }
  }
  if (missing.size > 0) return missing;

  return {
    batch: randomUUID(),
    writes: [...staged.values()].flatMap((write) => guarded(write, stored.get(write.key)?.etag)),
    events,
    members: answers.map(([pending]) => pending),
    conclude() {
      for (const [pending, answer] of answers) {
        if (pending.isDone) continue;
        pending.isDone = true;
        answer();
      }
    },
  };
}

function guarded({ key, value, ttlSeconds }: Write, etag: string | undefined): StateWrite[] {
  if (value !== undefined) return [{ key, value, etag, ttlSeconds }];
  return etag === undefined ? [] : [{ key, etag, removed: true }];
}

function envelope(
  made: Omit<Envelope, 'specversion' | 'id' | 'source' | 'time' | 'datacontenttype'>,
  source: string,
  time: string,
  traceparent: string | undefined,
): Envelope {
  // Dapr leaves the traceparent of an event alone only where it has a `traceid` too.
  const trace = traceparent === undefined ? {} : { traceparent, traceid: traceparent };
  return { specversion: '1.0', id: randomUUID(), source, time, datacontenttype: 'application/json', ...made, ...trace };
}

const jsonBytes = (value: unknown) => (value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value)));
