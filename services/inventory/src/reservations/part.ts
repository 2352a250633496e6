import { DomainError, found } from '@sidecart/chassis/errors';
import { derivedId } from '@sidecart/chassis/idempotency';
import type { StockDemand, Reservation, ReservedLine } from './reservation.js';

/** A change of some lines of a reservation, once per `requestId`. */
export interface Part extends StockDemand {
  requestId: string;
}

/** An order has no more shipments and cancellations than this. */
const MAX_REQUESTS = 200;

/**
 * Returns the reservation with its requests after this one, or `undefined` if it was done before.
 * Throws `missing`, and `conflict`: `request-reused`, `too-many-requests`.
 */
export function noteRequest(
  reservation: Reservation | undefined,
  kind: 'commit' | 'release',
  { reference, requestId, lines }: Part,
): { before: Reservation; requests: Reservation['requests'] } | undefined {
  const before = found(reservation, `The reservation of ${reference}`);
  const digest = derivedId(kind, JSON.stringify(lines));
  const known = new Map(Object.entries(before.requests)).get(requestId);
  if (known === digest) return undefined;
  if (known !== undefined)
    throw new DomainError('conflict', 'request-reused', `The request ${requestId} was made before, with other lines.`);
  const requests = Object.fromEntries([...Object.entries(before.requests), [requestId, digest]]);
  if (Object.keys(requests).length <= MAX_REQUESTS) return { before, requests };
  throw new DomainError('conflict', 'too-many-requests', `A reservation can be changed at most ${MAX_REQUESTS} times.`);
}

/** Returns the refusal of lines that ask for more than the reservation has, if any do. */
export function notReserved({ lines }: Reservation, part: Part, has: (line: ReservedLine) => number): DomainError | undefined {
  const excess = part.lines.flatMap(({ sku, quantity }) => {
    const line = lines.find((each) => each.sku === sku);
    const pieces = line ? has(line) : 0;
    return quantity > pieces ? [{ sku, requested: quantity, available: pieces }] : [];
  });
  if (excess.length === 0) return undefined;
  const detail = `The order has not reserved so much of ${excess.map(({ sku }) => sku).join(', ')}.`;
  return new DomainError('conflict', 'not-reserved', detail, { lines: excess });
}
