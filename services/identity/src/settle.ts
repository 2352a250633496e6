import { DomainError } from '@sidecart/chassis/errors';
import type { Change, Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';

/** A change whose refusal is a result: what it writes, a count of tries, is kept. Throws the refusal after the commit. */
export async function settle<R>(store: Store, keys: readonly string[], change: (docs: Docs) => Change<R | DomainError>): Promise<R> {
  const result = await store.transact(keys, change);
  if (result instanceof DomainError) throw result;
  return result;
}
