import { randomUUID } from 'node:crypto';
import { key, put, type Key } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';

const STATE_ID: Key<{ id: string }> = key('state-id');

/**
 * Returns the id of this state, created once. The index uses it to recognize documents that were
 * built from another state.
 */
export function readStateId(store: Store): Promise<string> {
  const created = { id: randomUUID() };
  return store.transact([STATE_ID], (docs) => {
    const existing = docs.get(STATE_ID);
    return { write: existing ? [] : [put(STATE_ID, created)], result: (existing ?? created).id };
  });
}
