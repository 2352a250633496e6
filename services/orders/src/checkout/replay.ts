import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '@sidecart/chassis/errors';
import { keyReused } from '@sidecart/chassis/idempotency';
import type { StockLine } from '@sidecart/contracts/common';
import type { Order } from '../order/order.js';

/** What a request asks for. Tells a repeat of it from another request for the same cart. */
export type Asked = Pick<Order, 'id' | 'fingerprint' | 'address' | 'note'> & { lines: readonly StockLine[] };

/**
 * Returns the order if `asked` is a repeat of the request that placed it. Throws `conflict` if it
 * asks for something else.
 */
export function replay(order: Order, asked: Asked): Order {
  if (asked.fingerprint !== null && asked.id === order.id) return sameRequest(order, asked.fingerprint);
  if (asked.fingerprint === null && sameContents(order, asked)) return order;
  const advice = 'To change that order, cancel it and check out again. To order what you added since, reload the cart first.';
  throw new DomainError('conflict', 'cart-ordered', `This cart was already ordered as ${order.number}. ${advice}`);
}

/**
 * Returns the order if its Idempotency-Key came with the same request. Throws `conflict` if not.
 */
export function sameRequest(order: Order, fingerprint: string | null): Order {
  if (order.fingerprint !== fingerprint) throw keyReused();
  return order;
}

function sameContents(order: Order, { lines, address, note }: Asked): boolean {
  const same = isDeepStrictEqual(quantities(order.lines), quantities(lines)) && isDeepStrictEqual(order.address, address);
  return same && order.note === note;
}

const quantities = (lines: readonly StockLine[]) => new Map(lines.map(({ sku, quantity }) => [sku, quantity]));
