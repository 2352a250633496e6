import { DomainError } from '@sidecart/chassis/errors';
import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Order } from './order.js';
import { awaitsPayment } from './states.js';

type Ids = readonly string[];

/** The ids of a customer's unpaid orders. Written in the transaction that changes an order. */
export const unpaidKey = (userId: string): Key<Ids> => key('unpaid', userId);

/** Throws `conflict` if a customer with these unpaid orders may not place another. */
export function refuseTooMany(ids: Ids | undefined, max: number): void {
  if (ids === undefined || ids.length < max) return;
  const detail = `You have ${ids.length} unpaid orders, the most allowed. Pay or cancel one of them, then order again.`;
  throw new DomainError('conflict', 'too-many-unpaid-orders', detail);
}

/** Returns the write that counts a new order as unpaid. Throws what `refuseTooMany` throws. */
export function addUnpaid(docs: Docs, userId: string, id: string, max: number): Write {
  const ids = docs.get(unpaidKey(userId));
  refuseTooMany(ids, max);
  return put(unpaidKey(userId), [...(ids ?? []), id]);
}

/**
 * Returns the writes that stop counting an order as unpaid if a change has made it paid or
 * cancelled.
 */
export function dropUnpaid(docs: Docs, before: Order, after: Order): Write[] {
  if (!awaitsPayment(before) || awaitsPayment(after)) return [];
  const listKey = unpaidKey(after.buyer.userId);
  const ids = docs.get(listKey) ?? [];
  const rest = ids.filter((id) => id !== after.id);
  if (rest.length === ids.length) return [];
  return [rest.length === 0 ? remove(listKey) : put(listKey, rest)];
}
