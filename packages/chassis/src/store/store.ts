import type { Envelope } from '@sidecart/contracts/event';
import { batched } from '../dapr/batched.js';
import type { Dapr } from '../dapr/dapr.js';
import { committedEvents, storeRetries } from '../telemetry/metrics.js';
import { commitGroup } from './internal/commit.js';
import type { LaneOptions } from './internal/lanes.js';
import { openOutbox } from './internal/outbox.js';
import { refuseUnlessAtomic } from './internal/probe.js';
import { createQueue } from './internal/queue.js';
import type { Change, Docs, Key } from './state.js';

export interface StoreOptions extends Pick<LaneOptions, 'beatMs' | 'silentMs'> {
  dapr: Dapr;
  /** The service's name, which is the source of its events. */
  app: string;
  /** This replica's name. It survives a restart, and no two running replicas share it. */
  replica: string;
  /** The most changes in a transaction; 1 disables group commit. */
  groupSize?: number;
  /** A change that cannot be committed for this time, in ms, is refused as `unavailable`. */
  patienceMs?: number;
  /** The clock that changes see. */
  now?: () => Date;
}

export interface Store {
  /**
   * Loads `keys`, runs `change` on the documents, and commits its writes and events, all or
   * nothing. `change` must be pure: it runs again after a conflict, or if it reads a document that
   * was not loaded. An error it throws rejects this call only. A document that was not read may
   * only be created. One that is only read is not guarded against changes; write it to guard it.
   *
   * Resolves after the commit; the events follow, at least once. Throws `unavailable` if the store
   * or the outbox accepts nothing more, or the service is stopping. In rare cases a change refused
   * as `unavailable` commits later, because the response of the database was lost.
   */
  transact<R>(keys: readonly string[], change: (docs: Docs, now: Date) => Change<R>): Promise<R>;
  /** Returns the current document. Concurrent reads share one call. */
  read<T>(key: Key<T>): Promise<Readonly<T> | undefined>;
  /**
   * Calls `listener` with each event after its commit, for metrics. A crash may lose some calls.
   */
  onCommit(listener: (event: Envelope) => void): void;
  /**
   * Refuses further changes, commits those that wait, publishes their events, and stops. Takes
   * about 20 seconds at most.
   */
  close(): Promise<void>;
}

const CLOSING_MS = 10_000;

/**
 * Opens a store with group commit over the sidecar's state store, and an outbox in the same
 * transactions. Throws if the state store is not atomic.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dapr, app, groupSize = 64, patienceMs = 10_000, now = () => new Date() } = options;
  await refuseUnlessAtomic(dapr);
  // Initialize to 0, so an alert sees the first increment.
  for (const reason of ['conflict', 'failure']) storeRetries.add(0, { reason });
  const listeners = [({ type }: Envelope) => committedEvents.add(1, { type })];
  const onCommit = (event: Envelope) => {
    for (const listener of listeners) listener(event);
  };
  const outbox = openOutbox(options);
  const queue = createQueue({
    groupSize,
    patienceMs,
    commit: (group, control) => commitGroup({ dapr, outbox, app, now, onCommit }, group, control),
  });
  const readOne = batched(
    async (keys: string[]) => {
      const stored = await dapr.read([...new Set(keys)]);
      return keys.map((key) => stored.get(key)?.value);
    },
    { name: 'read' },
  );

  await outbox.joined();
  return {
    transact: queue.transact,
    read: <T>(key: Key<T>) => readOne(key) as Promise<Readonly<T> | undefined>,
    onCommit: (listener) => void listeners.push(listener),
    async close() {
      await queue.close(CLOSING_MS);
      await outbox.close(CLOSING_MS);
    },
  };
}
