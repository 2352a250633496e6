import { DomainError } from '@sidecart/chassis/errors';
import type { Change, Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';

/**
 * Commits a change whose result may be a refusal, and then throws that refusal. What the change
 * writes is kept either way, so a failed attempt can be counted.
 */
export async function transactOrRefuse<R>(
  store: Store,
  keys: readonly string[],
  change: (docs: Docs, now: Date) => Change<R | DomainError>,
): Promise<R> {
  const result = await store.transact(keys, change);
  if (result instanceof DomainError) throw result;
  return result;
}
